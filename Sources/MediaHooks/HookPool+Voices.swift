public import MediaEngine
internal import Wire

extension HookPool {
  /// Runs a mix whose packets go to the worker: a bridge that leads nowhere else.
  ///
  /// - Parameters:
  ///   - feed: takes the mix to the worker.
  ///   - payloadType: of the mix, which is Opus.
  ///   - seed: of its numbers.
  public func mixVoices(
    into feed: PacketFeed, payloadType: UInt8, at rate: BridgeRate, seed: UInt64
  ) throws(HookFailure) -> BridgeHandle {
    var settings = BridgeSettings(payloadType: payloadType, keys: nil, sends: true)
    settings.rate = rate
    return try bridge(settings, over: FeedPort(feed: feed), into: nil, seed: seed)
  }
}

/// A bridge to the worker.
private struct FeedPort: BridgePort {
  let feed: PacketFeed

  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int? { nil }
  func send(_ datagram: UnsafeRawBufferPointer) -> Bool { feed.write(datagram) }
  var strange: UInt64 { 0 }
}

public import MediaEngine
internal import Transcoding
public import Wire

extension HookPool {
  /// Makes a second, smaller stream of a publication of VP8, for viewers whose paths do not carry what it sends.
  ///
  /// - Parameters:
  ///   - tap: gets the publication's packets.
  ///   - feed: takes the smaller ones to the worker, which tells it the bitrate.
  ///   - bindings: payload types of the publisher.
  ///   - seed: of its numbers.
  ///   - askKeyframe: asks the publisher; called on a thread of the pool.
  public func downscale(
    from tap: PacketTap, into feed: PacketFeed, bindings: [PayloadBinding], seed: UInt64,
    askKeyframe: @escaping @Sendable () -> Void
  ) throws(HookFailure) -> HookHandle {
    guard let binding = bindings.first(where: { $0.codec == .vp8 }) else { throw .codec }
    guard load < Self.maximumLanes else { throw .full }
    let handle = HookHandle(tap)
    do throws(CodecError) {
      add(
        try RenditionLane(
          from: tap, into: feed, bindings: bindings, payloadType: binding.payloadType, seed: seed,
          handle, askKeyframe))
    } catch {
      throw .codec
    }
    return handle
  }
}

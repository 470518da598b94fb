public import MediaEngine
public import Wire

/// Who makes smaller pictures, as signaling is given it.
public protocol RenditionMaker: Sendable {
  /// Begins; packets of the publication are looked for in the tap from now on.
  ///
  /// - Parameters:
  ///   - tap: gets the publication's packets.
  ///   - feed: takes the smaller picture's to the worker.
  ///   - bindings: payload types of the publisher.
  ///   - askKeyframe: asks the publisher for a keyframe; from any thread.
  func begin(
    from tap: PacketTap, into feed: PacketFeed, bindings: [PayloadBinding],
    askKeyframe: @escaping @Sendable () -> Void
  ) throws(RenditionRefusal) -> any RunningHook

  /// For `/metrics`.
  var figures: HookFigures { get }
}

/// What everything that decodes does, and what it could not.
public struct HookFigures: Hashable, Sendable {
  /// Hooks that run now.
  public var running: Int
  /// Packets that hooks did not get since the start, since they were too slow.
  public var dropped: UInt64

  public init(running: Int, dropped: UInt64) {
    self.running = running
    self.dropped = dropped
  }
}

/// Something that runs on a thread that carries no media, until it is ended.
public protocol RunningHook: Sendable {
  /// Nothing is decoded any more within milliseconds.
  func end()
  /// Packets that it did not get, since it was too slow.
  var dropped: UInt64 { get }
}

public enum RenditionRefusal: String, Error, Hashable, Sendable {
  /// The publication is of a codec that is not decoded here.
  case codec
  /// As many are made as may be.
  case busy
}

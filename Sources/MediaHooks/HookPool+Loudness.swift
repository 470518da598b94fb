public import MediaEngine
internal import Synchronization
public import Transcoding
public import Wire

/// A measurement of sound that runs. It goes on until `end`, also when nobody holds this any more.
public final class LoudnessHandle: Sendable {
  fileprivate final class Reading: Sendable {
    let figures = Mutex<LoudnessFigures?>(nil)
  }

  fileprivate let reading: Reading
  /// Ends it, and tells what it did not get.
  public let hook: HookHandle

  fileprivate init(_ reading: Reading, _ hook: HookHandle) {
    (self.reading, self.hook) = (reading, hook)
  }

  /// The latest; `nil` before there is any.
  public var figures: LoudnessFigures? { reading.figures.withLock { $0 } }
}

extension HookPool {
  /// Measures the sound of a publication.
  ///
  /// - Parameters:
  ///   - tap: gets the publication's packets.
  ///   - bindings: payload types of the publisher.
  public func measure(
    _ tap: PacketTap, bindings: [PayloadBinding]
  ) throws(HookFailure) -> LoudnessHandle {
    let reading = LoudnessHandle.Reading()
    let hook = LoudnessHook(channels: 1, target: nil) { figures in
      reading.figures.withLock { $0 = figures }
    }
    return LoudnessHandle(reading, try run(hook, channels: 1, on: tap, bindings: bindings))
  }
}

public import MediaEngine
internal import Synchronization
internal import Transcoding
public import Wire

/// A picture, as a file.
public struct StillImage: Hashable, Sendable {
  /// PNG.
  public var octets: [UInt8]
  /// Pixels.
  public var width: Int
  public var height: Int
}

public enum HookFailure: Error, Hashable, Sendable {
  /// The publication is of no codec that is decoded here.
  case codec
  /// Nothing that could be decoded came in time.
  case noPicture
  /// The picture could not be made a file.
  case encoding
  /// Ended from outside.
  case cancelled
  /// As many hooks run as may.
  case full
}

extension HookPool {
  /// Lanes of a pool at most: what a few cores can decode.
  static let maximumLanes = 32

  /// What a still image is made of.
  final class StillRequest: Sendable {
    let tap: PacketTap
    let bindings: [PayloadBinding]
    let askKeyframe: @Sendable () -> Void
    private let cancelled = Atomic<Bool>(false)

    init(
      _ tap: PacketTap, _ bindings: [PayloadBinding],
      _ askKeyframe: @escaping @Sendable () -> Void
    ) {
      self.tap = tap
      self.bindings = bindings
      self.askKeyframe = askKeyframe
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    func cancel() { cancelled.store(true, ordering: .relaxed) }
  }

  /// The current picture of a publication, at the size that its publisher sends; about a second and a half
  /// after it was asked for, six seconds at most. The task's cancellation ends it at once.
  ///
  /// - Parameters:
  ///   - tap: gets the publication's packets.
  ///   - bindings: payload types of the publisher.
  ///   - askKeyframe: asks the publisher; called on a thread of the pool.
  public func still(
    from tap: PacketTap, bindings: [PayloadBinding],
    askKeyframe: @escaping @Sendable () -> Void
  ) async throws(HookFailure) -> StillImage {
    guard bindings.contains(where: { $0.codec == .vp8 }) else { throw .codec }
    guard load < Self.maximumLanes else { throw .full }
    let request = StillRequest(tap, bindings, askKeyframe)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        do throws(CodecError) {
          add(try StillImageLane(request) { continuation.resume(returning: $0) })
        } catch {
          continuation.resume(returning: .failure(.codec))
        }
      }
    } onCancel: {
      request.cancel()
    }
    return try result.get()
  }
}

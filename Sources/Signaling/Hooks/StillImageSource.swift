public import MediaEngine
public import Wire

/// Who decodes pictures, as signaling is given it.
public protocol StillImageSource: Sendable {
  /// The current picture of a publication as a PNG file, at the size that its publisher sends. The task's
  /// cancellation ends it.
  ///
  /// - Parameters:
  ///   - tap: gets the publication's packets.
  ///   - bindings: payload types of the publisher.
  ///   - askKeyframe: asks the publisher for a keyframe; from any thread.
  func still(
    from tap: PacketTap, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
  ) async throws(StillImageRefusal) -> [UInt8]
}

public enum StillImageRefusal: Error, Hashable, Sendable {
  /// The publication is of a codec that is not decoded here.
  case codec
  /// Nothing that could be decoded came in time, or it was ended.
  case noPicture
  /// As much is decoded as the machine is meant to.
  case busy
}

public import MediaEngine
public import Quality
public import Wire

/// Who measures how loud microphones are, as signaling is given it.
public protocol LoudnessMeter: Sendable {
  /// Begins; packets of the publication are looked for in the tap from now on.
  ///
  /// - Parameters:
  ///   - tap: gets the publication's packets.
  ///   - bindings: payload types of the publisher.
  func measure(
    _ tap: PacketTap, bindings: [PayloadBinding]
  ) throws(LoudnessRefusal) -> any RunningMeasurement
}

/// A measurement, until it is ended.
public protocol RunningMeasurement: RunningHook {
  /// The latest; `nil` before there is any.
  var heard: HeardSample? { get }
}

public enum LoudnessRefusal: String, Error, Hashable, Sendable {
  /// The publication is of a codec that is not decoded here.
  case codec
  /// As much is decoded as the machine is meant to.
  case busy
}

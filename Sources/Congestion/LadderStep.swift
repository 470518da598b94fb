/// The steps of `AudioFirstLadder`, from the best down. Each gives up something more; sound is
/// never given up.
public enum LadderStep: UInt8, Hashable, Sendable, CaseIterable, Comparable {
  case full
  /// Gives up what matters less to the viewer: pictures a second for detail, sharpness for motion.
  case reduced
  /// Gives up both.
  case lowest
  /// No picture is sent; it is tried again as soon as the path allows.
  case videoOff
  /// The path carries sound and nothing else: no probes by padding and no retransmissions of video
  /// either.
  case audioOnly

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  var down: LadderStep? { LadderStep(rawValue: rawValue + 1) }
  var up: LadderStep? { rawValue == 0 ? nil : LadderStep(rawValue: rawValue - 1) }

  public var hasVideo: Bool { self < .videoOff }
}

/// Why the ladder moved, for both sides' eyes.
public enum LadderReason: UInt8, Hashable, Sendable {
  /// The path to the viewer became too narrow.
  case bandwidth
  /// Too much is lost for pictures.
  case loss
  /// Nothing is heard of the viewer's end.
  case silence
  /// The path carries more again.
  case recovered
}

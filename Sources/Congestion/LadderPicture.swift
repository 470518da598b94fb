/// What counts more in a picture when not all can be had.
public enum LadderPriority: UInt8, Hashable, Sendable {
  /// Dermatology, documents: sharpness before motion.
  case detail
  case motion
}

/// What of the picture a step sends.
public struct LadderPicture: Hashable, Sendable {
  /// Only the lower temporal layers.
  public var hasFewerFrames: Bool
  /// A lower spatial layer.
  public var isLowerLayer: Bool

  /// `nil` = none.
  public init?(_ step: LadderStep, priority: LadderPriority) {
    switch (step, priority) {
    case (.full, _):
      hasFewerFrames = false
      isLowerLayer = false
    case (.reduced, .detail):
      hasFewerFrames = true
      isLowerLayer = false
    case (.reduced, .motion):
      hasFewerFrames = false
      isLowerLayer = true
    case (.lowest, _):
      hasFewerFrames = true
      isLowerLayer = true
    case (.videoOff, _), (.audioOnly, _): return nil
    }
  }
}

/// What each step needs, bits/s of video.
public struct LadderNeeds: Hashable, Sendable {
  public var full: Int
  /// `nil` = there is no such step (no temporal layers, no lower layer).
  public var reduced: Int?
  public var lowest: Int?

  public init(full: Int, reduced: Int? = nil, lowest: Int? = nil) {
    self.full = full
    self.reduced = reduced
    self.lowest = lowest
  }

  subscript(step: LadderStep) -> Int? {
    switch step {
    case .full: full
    case .reduced: reduced
    case .lowest: lowest
    case .videoOff, .audioOnly: 0
    }
  }
}

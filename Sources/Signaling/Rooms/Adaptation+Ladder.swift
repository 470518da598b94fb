internal import Congestion

extension Adaptation.Step {
  init(_ step: LadderStep, priority: LadderPriority) {
    switch step {
    case .full: self = .full
    case .reduced: self = priority == .detail ? .fewerFrames : .lowerLayer
    case .lowest: self = .lowest
    case .videoOff: self = .videoOff
    case .audioOnly: self = .audioOnly
    }
  }
}

extension Adaptation.Reason {
  init(_ reason: LadderReason) {
    switch reason {
    case .bandwidth: self = .bandwidth
    case .loss: self = .loss
    case .silence: self = .silence
    case .recovered: self = .recovered
    }
  }
}

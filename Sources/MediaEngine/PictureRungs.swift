internal import Congestion
internal import Forwarding

/// What of one picture the steps of the ladder send, and what each takes.
struct PictureRungs {
  struct Rung {
    /// The highest temporal layer.
    var temporal: UInt8
    /// bits/s
    var need: Int
  }

  var full: Rung
  /// `nil`: there is nothing between the step above and the one below.
  var reduced: Rung?
  var lowest: Rung?

  /// Of a picture with one encoding: first the highest temporal layer goes, then all but the lowest.
  init(need: Int, meter: RateMeter) {
    full = Rung(temporal: Router.allTemporalLayers, need: need)
    let highest = meter.highestLayer
    guard highest > 0 else { return }
    func rung(_ layer: UInt8) -> Rung {
      Rung(temporal: layer, need: Int(Double(need) * meter.share(upTo: layer)))
    }
    lowest = rung(0)
    if highest > 1 { reduced = rung(1) }
  }

  /// What a step sends; where it has nothing of its own, what the step above it sends.
  subscript(step: LadderStep) -> Rung {
    switch step {
    case .full: full
    case .reduced: reduced ?? full
    case .lowest, .videoOff, .audioOnly: lowest ?? reduced ?? full
    }
  }
}

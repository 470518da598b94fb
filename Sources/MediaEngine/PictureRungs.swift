internal import Congestion
internal import Forwarding

/// What of one picture the steps of the ladder send to one viewer, and what each takes.
struct PictureRungs {
  struct Rung {
    /// Which of the publication's layers, from the smallest up.
    var encoding: Int
    /// The highest temporal layer.
    var temporal: UInt8
    /// bits/s
    var need: Int
  }

  var full: Rung
  /// `nil`: there is nothing between the step above and the one below.
  var reduced: Rung?
  var lowest: Rung?

  /// - Parameters:
  ///   - best: the encoding that is as large as the viewer shows it.
  ///   - limits: an encoder that obeys this viewer goes down to its floor, which is then all that is
  ///     needed; `nil` where it follows others too.
  init(
    _ source: PublicationRecord, best: Int, priority: LadderPriority,
    obeying limits: EncoderCap.Settings?, floor: Int
  ) {
    func part(_ need: Int, of encoding: Int, upTo layer: UInt8) -> Int {
      Int(Double(need) * source.share(upTo: layer, of: encoding))
    }
    let smallest = source.layers.offset
    let need =
      limits?.floor ?? max(source.expectedRate(of: best), best == smallest ? floor / 2 : floor)
    full = Rung(encoding: best, temporal: Router.allTemporalLayers, need: need)
    if limits == nil, source.hasLiveRendition {
      // What is made anew has all its frames; before it is needed some of the publisher's may go.
      lowest = Rung(encoding: 0, temporal: Router.allTemporalLayers, need: Rendition.need)
      let highest = source.highestLayer(of: best)
      let temporal: UInt8 = priority == .detail ? 0 : 1
      if highest > temporal {
        reduced = Rung(
          encoding: best, temporal: temporal, need: part(need, of: best, upTo: temporal))
      }
      return
    }
    guard limits == nil, best > smallest else {
      // First the highest temporal layer goes, then all but the lowest.
      let highest = source.highestLayer(of: best)
      guard highest > 0 else { return }
      lowest = Rung(encoding: best, temporal: 0, need: part(need, of: best, upTo: 0))
      if highest > 1 {
        reduced = Rung(encoding: best, temporal: 1, need: part(need, of: best, upTo: 1))
      }
      return
    }
    lowest = Rung(
      encoding: 0, temporal: 0, need: part(source.expectedRate(of: 0), of: 0, upTo: 0))
    if priority == .detail, source.highestLayer(of: best) > 0 {
      reduced = Rung(encoding: best, temporal: 0, need: part(need, of: best, upTo: 0))
    } else {
      reduced = Rung(
        encoding: best - 1, temporal: Router.allTemporalLayers,
        need: source.expectedRate(of: best - 1))
    }
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

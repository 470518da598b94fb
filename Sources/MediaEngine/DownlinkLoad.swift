internal import Congestion

/// What a viewer is to get, by the publications that it views. bits/s.
struct DownlinkLoad {
  /// Least that a picture may be assumed to want: a publication that began just now has no rate yet.
  static let leastDemand = 300_000
  /// A publisher that uses this share of its cap would use more.
  static let eager = 0.6

  private(set) var audio = 0
  private(set) var voices = 0
  private(set) var video = 0
  private(set) var videos = 0
  /// At least so much each of the ladder's steps takes: encoders that obey this viewer go down to
  /// their floor, others send what they send.
  private(set) var needs = LadderNeeds(full: 0)
  /// What could be of use.
  private(set) var demand = 0

  mutating func addAudio(rate: Int) {
    voices &+= 1
    audio &+= rate
    demand &+= max(rate, 40_000)
  }

  /// - Parameters:
  ///   - sent: of it, now.
  ///   - rate: of what the full step sends.
  ///   - cap: of an encoder that obeys, as far as it has had time to follow.
  mutating func addVideo(
    sent: Int, rate: Int, rungs: PictureRungs, cap: Int?, limits: EncoderCap.Settings
  ) {
    // What an encoder sends on the average lags behind where it is allowed more.
    let rate = max(rate, sent)
    videos &+= 1
    video &+= sent
    let (full, reduced, lowest) = (needs.full, needs.reduced, needs.lowest)
    needs.full = full &+ rungs.full.need
    if reduced != nil || rungs.reduced != nil {
      needs.reduced = (reduced ?? full) &+ rungs[.reduced].need
    }
    if lowest != nil || rungs.lowest != nil {
      needs.lowest = (lowest ?? reduced ?? full) &+ rungs[.lowest].need
    }
    if let cap, Double(rate) > Double(cap) * Self.eager {
      demand &+= limits.ceiling
    } else {
      demand &+= max(rate &+ rate / 4, Self.leastDemand)
    }
  }

  /// What the step takes; what it does not have, the one above takes.
  func need(of step: LadderStep) -> Int {
    switch step {
    case .full: needs.full
    case .reduced: needs.reduced ?? needs.full
    case .lowest: needs.lowest ?? needs.reduced ?? needs.full
    case .videoOff, .audioOnly: 0
    }
  }
}

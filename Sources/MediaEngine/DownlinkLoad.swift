internal import Congestion

/// What a viewer is to get, by the publications that it views. bits/s.
struct DownlinkLoad {
  /// Least that a picture may be assumed to want: a publication that began just now has no rate yet.
  static let leastDemand = 300_000
  /// A publisher that uses this share of its cap would use more.
  static let eager = 0.6

  private(set) var audio = 0
  private(set) var video = 0
  private(set) var videos = 0
  /// At least so much the ladder's full step takes: encoders that obey this viewer go down to
  /// their floor, others send what they send.
  private(set) var need = 0
  /// What could be of use.
  private(set) var demand = 0

  mutating func addAudio(rate: Int) {
    audio &+= rate
    demand &+= max(rate, 40_000)
  }

  /// - Parameters:
  ///   - cap: of an encoder that obeys.
  ///   - isDecisive: the cap follows this viewer.
  mutating func addVideo(rate: Int, cap: Int?, isDecisive: Bool, limits: EncoderCap.Settings) {
    videos &+= 1
    video &+= rate
    need &+= isDecisive ? limits.floor : max(rate, limits.floor)
    if let cap, Double(rate) > Double(cap) * Self.eager {
      demand &+= limits.ceiling
    } else {
      demand &+= max(rate &+ rate / 4, Self.leastDemand)
    }
  }
}

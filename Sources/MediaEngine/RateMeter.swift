internal import Forwarding
internal import Wire

/// How much a publication sends, from its counters, read a few times a second.
struct RateMeter {
  static let interval = MediaDuration.milliseconds(200)
  /// Octets around a payload: RTP header, extensions, SRTP tag.
  static let overhead = 40.0
  /// Of a new measurement in the average: a keyframe is not the rate.
  static let weight = 0.3

  /// bits/s on the path, smoothed.
  private(set) var rate = 0
  /// Share of its packets that did not come by their own way, 0...1, of the last interval.
  private(set) var loss = 0.0
  private var since: MediaInstant?
  private var octets: UInt64 = 0
  private var packets: UInt64 = 0
  private var lost: Int64 = 0

  /// May be called by each viewer: what comes too soon is left.
  mutating func note(_ numbers: PublicationNumbers, at now: MediaInstant) {
    if let since, now - since < Self.interval { return }
    let sent = numbers.counters
    if let since {
      let count = Double(sent.packets &- packets)
      let bits = (Double(sent.octets &- octets) + count * Self.overhead) * 8
      let sample = min(bits / (now - since).seconds, 1e9)
      rate = rate == 0 ? Int(sample) : Int(Double(rate) + (sample - Double(rate)) * Self.weight)
      let missing = Double(max(numbers.lost &- lost, 0))
      loss = missing > 0 ? missing / (missing + count) : 0
    }
    since = now
    octets = sent.octets
    packets = sent.packets
    lost = numbers.lost
  }
}

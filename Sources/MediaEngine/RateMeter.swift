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
  /// The same over some seconds.
  private(set) var steadyRate = 0
  static let steadyWeight = 0.05
  private var samples = 0
  /// Share of its packets that did not come by their own way, 0...1, of the last interval.
  private(set) var loss = 0.0
  /// bits/s by temporal layer, smoothed, headers not counted.
  private var layers = SIMD4<Double>(repeating: 0)
  private var octetsByLayer = SIMD4<UInt64>(repeating: 0)
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
      samples &+= 1
      let weight = max(Self.steadyWeight, 1 / Double(samples))
      steadyRate += Int((sample - Double(steadyRate)) * weight)
      let missing = Double(max(numbers.lost &- lost, 0))
      loss = missing > 0 ? missing / (missing + count) : 0
      let bitsByLayer = SIMD4<Double>(sent.octetsByLayer &- octetsByLayer) * 8
      layers += (bitsByLayer / (now - since).seconds - layers) * Self.weight
    }
    octetsByLayer = sent.octetsByLayer
    since = now
    octets = sent.octets
    packets = sent.packets
    lost = numbers.lost
  }

  /// A layer counts from this share of the whole on.
  static let leastShare = 0.03

  /// The highest temporal layer, 0 where there is only one.
  var highestLayer: UInt8 {
    let least = max(layers.sum() * Self.leastShare, 1)
    for layer in (1...3).reversed() where layers[layer] >= least { return UInt8(layer) }
    return 0
  }

  /// What the layers up to one take of the whole, 0...1; all while nothing is known.
  func share(upTo layer: UInt8) -> Double {
    let whole = layers.sum()
    guard whole >= 1 else { return 1 }
    var part = 0.0
    for i in 0...Int(min(layer, 3)) { part += layers[i] }
    return part / whole
  }
}

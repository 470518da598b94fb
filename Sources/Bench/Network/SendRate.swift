internal import Congestion
internal import Wire

/// How fast an endpoint sends: what transport-wide feedback or REMB say of its path sets the bit rate
/// of its camera, as in a browser.
///
/// The estimator is the server's own (draft-ietf-rmcat-gcc-02 with a trendline), not that of a browser. It is given
/// octets with IP and UDP, which is what a path carries.
final class SendRate {
  /// The least that a camera sends, bits/s, as browsers do.
  static let leastVideo = 30_000
  /// Frames that wait in the pacer at most: what the encoder makes then is dropped.
  static let waitingFrames = 8
  /// Sound is repeated in the next packet (RED) above this estimate, bits/s, and no longer below the lower.
  static let redundancy = (from: 250_000, below: 150_000)

  struct Probe {
    var cluster: ProbeCluster
    var began: MediaInstant
    var octets = 0
    var packets = 0

    var isOver: Bool {
      octets >= cluster.minimumOctets && packets >= cluster.minimumPackets
    }

    /// When so much should have left.
    var due: MediaInstant {
      began
        + MediaDuration(
          nanoseconds: Int64(octets) * 8_000_000_000 / Int64(max(cluster.rate, 10_000)))
    }
  }

  private var estimator: BandwidthEstimator
  private var next: Int64 = 0
  private(set) var probe: Probe?
  private(set) var repeatsSound = true
  /// bits/s
  private let mostVideo: Int
  private let sound: Int

  /// - Parameters:
  ///   - video: what the camera sends at most, bits/s.
  ///   - sound: of a track with its headers, bits/s.
  init(video: Int, sound: Int) {
    mostVideo = video
    self.sound = sound
    var configuration = BandwidthEstimatorConfiguration()
    configuration.maximum = Self.withHeaders(video) + 2 * sound + 100_000
    estimator = BandwidthEstimator(configuration: configuration)
  }

  /// Video in packets of 1100 octets with RTP, SRTP, UDP and IP.
  private static func withHeaders(_ video: Int) -> Int { video * 107 / 100 }

  /// bits/s
  var estimate: Int { estimator.estimate }
  var pacing: Int { estimator.pacingRate }

  /// Of the camera's encoder, bits/s.
  var video: Int {
    let left = estimator.lastingEstimate - (repeatsSound ? sound * 17 / 10 : sound)
    return min(max(left * 100 / 107, Self.leastVideo), mostVideo)
  }

  /// - Parameters:
  ///   - sequence: its transport-wide number, one after the other.
  ///   - length: octets of UDP payload.
  func sent(_ sequence: UInt16, length: Int, kind: SentPacketKind, at now: MediaInstant) {
    let number = next &+ Int64(sequence &- UInt16(truncatingIfNeeded: next))
    next = number &+ 1
    let octets = length + PathLink.overhead
    estimator.packetSent(
      sequence: number, length: octets, kind: kind, probe: probe?.cluster.id ?? .none, at: now)
    guard probe != nil else { return }
    probe?.octets += octets
    probe?.packets += 1
    if probe?.isOver == true { probe = nil }
  }

  func receive(_ feedback: TransportFeedback, at now: MediaInstant) {
    estimator.receive(feedback, at: now)
  }

  func receive(remb bitrate: UInt64, at now: MediaInstant) {
    estimator.receive(remb: bitrate, at: now)
  }

  func receive(roundTrip: MediaDuration) { estimator.receive(roundTrip: roundTrip) }

  func receive(fractionLost: UInt8, sending: Double, at now: MediaInstant) {
    estimator.receive(fractionLost: fractionLost, upstreamLoss: 0, sending: sending, at: now)
  }

  /// What time alone does. Returns whether a probe is to be sent.
  func update(canProbe: Bool, at now: MediaInstant) -> Bool {
    estimator.setDemand(Self.withHeaders(mostVideo) + 2 * sound, canProbe: canProbe, at: now)
    if let deadline = estimator.nextDeadline, deadline <= now { estimator.handleTimeout(at: now) }
    let limit = repeatsSound ? Self.redundancy.below : Self.redundancy.from
    repeatsSound = estimator.estimate >= limit
    guard let cluster = estimator.takeProbe() else { return false }
    probe = Probe(cluster: cluster, began: now)
    return true
  }

  func pathChanged(at now: MediaInstant) { estimator.pathChanged(at: now) }
}

internal import Wire

/// The rate at which a probe cluster came through (the packet-train measurement of later practice;
/// the draft has none).
///
/// Over the packets that arrived: the rate of sending without the last packet, the rate of arrival
/// without the first. When arrival is less than 0.9 of sending, the path was saturated: 0.95 of the
/// rate of arrival is the result, so that the queue can drain; else the smaller of the two.
///
/// Deviations: at least 60 % of the cluster must have arrived (practice: 80 %), since lost packets are
/// left out of both rates and some paths lose a fifth of all; one cluster at a time.
struct ProbeEstimator {
  static let minimumShare = 0.6
  static let minimumPackets = 4
  static let longest: Int64 = 1_000_000
  static let implausible = 2.0
  static let unsaturated = 0.9
  static let utilization = 0.95

  private(set) var cluster: ProbeCluster?
  private var sentPackets = 0
  private var sentOctets = 0
  private var reported = 0
  private var arrivedPackets = 0
  private var arrivedOctets = 0
  private var firstSent = Int64.max
  private var lastSent = Int64.min
  private var lastSentLength = 0
  private var firstArrival = Int64.max
  private var lastArrival = Int64.min
  private var firstArrivalLength = 0

  init() {}

  mutating func begin(_ cluster: ProbeCluster) {
    self = ProbeEstimator()
    self.cluster = cluster
  }

  mutating func end() { self = ProbeEstimator() }

  mutating func packetSent(length: Int, probe: ProbeCluster.ID) {
    guard let cluster, probe == cluster.id else { return }
    sentPackets += 1
    sentOctets += length
  }

  /// All of it was sent.
  var isSent: Bool {
    guard let cluster else { return false }
    return sentPackets >= cluster.minimumPackets && sentOctets >= cluster.minimumOctets
  }

  /// All of it was sent and reported.
  var isComplete: Bool { isSent && reported >= sentPackets }

  mutating func add(_ result: PacketResult) {
    guard let cluster, result.probe == cluster.id else { return }
    if !result.wasLost { reported += 1 }
    guard let arrival = result.arrival else { return }
    arrivedPackets += 1
    arrivedOctets += result.length
    let sent = result.sentMicroseconds
    firstSent = min(firstSent, sent)
    if sent >= lastSent {
      lastSent = sent
      lastSentLength = result.length
    }
    if arrival < firstArrival {
      firstArrival = arrival
      firstArrivalLength = result.length
    }
    lastArrival = max(lastArrival, arrival)
  }

  /// bits/s; `nil` when too little arrived, or at times that make no sense.
  var result: Double? {
    guard let cluster, arrivedPackets >= Self.minimumPackets,
      Double(arrivedPackets) >= Double(max(sentPackets, cluster.minimumPackets))
        * Self.minimumShare,
      Double(arrivedOctets) >= Double(cluster.minimumOctets) * Self.minimumShare
    else { return nil }
    let sending = lastSent &- firstSent
    let arriving = lastArrival &- firstArrival
    guard sending > 0, sending <= Self.longest, arriving > 0, arriving <= Self.longest else {
      return nil
    }
    let sendRate = Double(arrivedOctets - lastSentLength) * 8e6 / Double(sending)
    let arrivalRate = Double(arrivedOctets - firstArrivalLength) * 8e6 / Double(arriving)
    guard sendRate > 0, arrivalRate > 0, arrivalRate <= sendRate * Self.implausible else {
      return nil
    }
    if arrivalRate < sendRate * Self.unsaturated { return arrivalRate * Self.utilization }
    return min(sendRate, arrivalRate)
  }
}

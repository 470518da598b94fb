internal import Wire

/// A probe cluster on its way out: when its next packet is due.
struct ProbeSchedule {
  /// Packets go out in steps of this size: a turn of the worker.
  static let step = MediaDuration.milliseconds(2)

  let cluster: ProbeCluster
  let start: MediaInstant
  private var packets = 0
  private var octets = 0

  init(_ cluster: ProbeCluster, at now: MediaInstant) {
    self.cluster = cluster
    start = now
  }

  var isComplete: Bool { packets >= cluster.minimumPackets && octets >= cluster.minimumOctets }

  var nextDue: MediaInstant {
    start + .microseconds(Int64(Double(octets) * 8e6 / Double(max(cluster.rate, 1))))
  }

  func isDue(at now: MediaInstant) -> Bool { now >= nextDue }

  /// Octets that keep it at its rate for the next step.
  func wanted(at now: MediaInstant) -> Int {
    let elapsed = (now - start + Self.step).seconds
    let target = Int(min(elapsed, 1) * Double(cluster.rate) / 8)
    let missing = max(cluster.minimumOctets - octets, 1)
    return max(min(target - octets, missing), 1)
  }

  mutating func packetSent(length: Int) {
    packets += 1
    octets += length
  }
}

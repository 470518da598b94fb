/// What the load generator sent and received since its start.
struct TrafficCounts: Sendable, Codable, Equatable {
  var rtpSent: UInt64 = 0
  var rtpOctetsSent: UInt64 = 0
  /// Audio and video of the tracks themselves, without retransmissions.
  var rtpReceived: UInt64 = 0
  var rtpOctetsReceived: UInt64 = 0
  var rtcpSent: UInt64 = 0
  var rtcpReceived: UInt64 = 0
  var retransmissionsSent: UInt64 = 0
  var retransmissionsReceived: UInt64 = 0
  var keyframesSent: UInt64 = 0
  var keyframeRequestsReceived: UInt64 = 0
  var keyframeRequestsSent: UInt64 = 0
  var nacksReceived: UInt64 = 0
  var nacksSent: UInt64 = 0
  var feedbackReceived: UInt64 = 0
  var feedbackSent: UInt64 = 0
  var rembReceived: UInt64 = 0
  /// RTP and RTCP that the keys did not open.
  var unauthenticated: UInt64 = 0
  /// The very same packet again, which SRTP refuses.
  var replayed: UInt64 = 0
  /// Opened, but not RTP or RTCP, or of a track that the answer did not promise.
  var unexpected: UInt64 = 0
  /// The payload did not carry the stamp of this load, or was changed on the way.
  var corrupted: UInt64 = 0
  /// A stamp of another track than the stream carried before.
  var foreign: UInt64 = 0
  /// The kernel did not take it.
  var sendFailures: UInt64 = 0
  /// Dropped or delayed by `--impair`.
  var impairedLosses: UInt64 = 0
  var impairedDelays: UInt64 = 0

  static func - (a: Self, b: Self) -> Self {
    func d(_ path: KeyPath<Self, UInt64>) -> UInt64 { a[keyPath: path] &- b[keyPath: path] }
    return TrafficCounts(
      rtpSent: d(\.rtpSent), rtpOctetsSent: d(\.rtpOctetsSent), rtpReceived: d(\.rtpReceived),
      rtpOctetsReceived: d(\.rtpOctetsReceived), rtcpSent: d(\.rtcpSent),
      rtcpReceived: d(\.rtcpReceived), retransmissionsSent: d(\.retransmissionsSent),
      retransmissionsReceived: d(\.retransmissionsReceived), keyframesSent: d(\.keyframesSent),
      keyframeRequestsReceived: d(\.keyframeRequestsReceived),
      keyframeRequestsSent: d(\.keyframeRequestsSent), nacksReceived: d(\.nacksReceived),
      nacksSent: d(\.nacksSent), feedbackReceived: d(\.feedbackReceived),
      feedbackSent: d(\.feedbackSent), rembReceived: d(\.rembReceived),
      unauthenticated: d(\.unauthenticated), replayed: d(\.replayed),
      unexpected: d(\.unexpected),
      corrupted: d(\.corrupted), foreign: d(\.foreign), sendFailures: d(\.sendFailures),
      impairedLosses: d(\.impairedLosses), impairedDelays: d(\.impairedDelays))
  }
}

/// The outcome of sequence audits, added up.
struct DeliveryCounts: Sendable, Codable, Equatable {
  var expected: Int64 = 0
  var received: Int64 = 0
  var lost: Int64 = 0
  /// Arrived twice by their own way.
  var duplicates: Int64 = 0
  /// Retransmissions of what was there.
  var superfluous: Int64 = 0
  var reordered: Int64 = 0
  var recovered: Int64 = 0

  /// Takes back from a difference what arrived in it but was expected before. Returns how much.
  mutating func settle() -> Int64 {
    let surplus = max(0, -lost)
    received -= surplus
    lost += surplus
    return surplus
  }

  mutating func add(_ audit: borrowing SequenceAudit, last: Int64? = nil) {
    expected += audit.expected(last: last)
    received += audit.received
    lost += audit.lost(last: last)
    duplicates += audit.duplicates
    superfluous += audit.superfluous
    reordered += audit.reordered
    recovered += audit.recovered
  }

  static func + (a: Self, b: Self) -> Self {
    DeliveryCounts(
      expected: a.expected + b.expected, received: a.received + b.received, lost: a.lost + b.lost,
      duplicates: a.duplicates + b.duplicates, superfluous: a.superfluous + b.superfluous,
      reordered: a.reordered + b.reordered, recovered: a.recovered + b.recovered)
  }

  static func - (a: Self, b: Self) -> Self {
    DeliveryCounts(
      expected: a.expected - b.expected, received: a.received - b.received, lost: a.lost - b.lost,
      duplicates: a.duplicates - b.duplicates, superfluous: a.superfluous - b.superfluous,
      reordered: a.reordered - b.reordered, recovered: a.recovered - b.recovered)
  }
}

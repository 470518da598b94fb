internal import Quality
internal import Wire

/// Distributions over all participants, for `/metrics`. No label names anybody.
struct QualityHistograms: Sendable {
  struct Histogram: Sendable {
    let bounds: [Double]
    private(set) var counts: [UInt64]
    private(set) var sum = 0.0

    init(_ bounds: [Double]) {
      self.bounds = bounds
      counts = Array(repeating: 0, count: bounds.count + 1)
    }

    mutating func note(_ value: Double) {
      guard value.isFinite else { return }
      counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
      sum += value
    }
  }

  private static let shares = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
  private static let times = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.2, 0.4, 1]
  private static let scores = [1.5, 2, 2.5, 3, 3.5, 4, 4.25, 4.5, 5]

  private(set) var uplinkLoss = Histogram(shares)
  private(set) var downlinkLoss = Histogram(shares)
  private(set) var uplinkJitter = Histogram(times)
  private(set) var downlinkJitter = Histogram(times)
  private(set) var roundTrip = Histogram(times)
  private(set) var sound = Histogram(scores)
  private(set) var picture = Histogram(scores)
  private(set) var connect = Histogram([0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20])
  /// By side and cause: as many as these have cases.
  private(set) var incidents: [Fault: UInt64] = [:]

  struct Fault: Hashable, Sendable {
    var side: FaultSide
    var cause: IncidentCause
  }

  mutating func note(_ sample: ParticipantSample) {
    let packets = sample.sources.reduce(0) { $0 + $1.packets }
    let lost = sample.sources.reduce(0) { $0 + max($1.lost, 0) }
    if packets + lost > 0 { uplinkLoss.note(Double(lost) / Double(packets + lost)) }
    for source in sample.sources where source.source == .microphone && source.packets > 0 {
      uplinkJitter.note(source.jitter.seconds)
    }
    if let down = sample.downlink, down.reported > 0 {
      downlinkLoss.note(Double(max(down.lost, 0)) / Double(down.reported))
    }
    if let down = sample.downlink, down.packets > 0 { downlinkJitter.note(down.jitter.seconds) }
    if let time = sample.roundTrip { roundTrip.note(time.seconds) }
  }

  mutating func note(connect seconds: Double) { connect.note(seconds) }
  mutating func note(sound score: Double) { sound.note(score) }
  mutating func note(picture score: Double) { picture.note(score) }

  mutating func note(_ incident: Incident) {
    incidents[Fault(side: incident.side, cause: incident.cause), default: 0] += 1
  }
}

/// One number of a report, by name: what runs are compared by.
struct Measure: Sendable {
  var name: String
  /// Whether less is better; `nil` for what is neither.
  var lessIsBetter: Bool?
  var value: @Sendable (LoadReport) -> Double?

  static let all: [Measure] = [
    Measure(name: "server CPU us / packet", lessIsBetter: true) { $0.server?.cpuPerPacket },
    Measure(name: "  user", lessIsBetter: true) { $0.server?.userPerPacket },
    Measure(name: "  system", lessIsBetter: true) { $0.server?.systemPerPacket },
    Measure(name: "server cores", lessIsBetter: true) { $0.server?.cores },
    Measure(name: "context switches / packet", lessIsBetter: true) {
      $0.server?.switchesPerPacket
    },
    Measure(name: "memory kB / participant", lessIsBetter: true) {
      $0.server.map { $0.residentPerParticipant / 1000 }
    },
    Measure(name: "server threads", lessIsBetter: nil) { $0.server.map { Double($0.threads) } },
    Measure(name: "forwarded packets / s", lessIsBetter: nil) { $0.traffic.forwardedPerSecond },
    Measure(name: "delay p50 ms", lessIsBetter: true) { $0.delay.p50 },
    Measure(name: "delay p95 ms", lessIsBetter: true) { $0.delay.p95 },
    Measure(name: "delay p99 ms", lessIsBetter: true) { $0.delay.p99 },
    Measure(name: "delay p99.9 ms", lessIsBetter: true) { $0.delay.p999 },
    Measure(name: "delay max ms", lessIsBetter: true) { $0.delay.maximum },
    Measure(name: "lost / million", lessIsBetter: true) {
      $0.delivery.expected == 0
        ? nil : 1e6 * Double($0.delivery.lost) / Double($0.delivery.expected)
    },
    Measure(name: "audio MOS", lessIsBetter: false) { $0.quality.audioMOS },
    Measure(name: "signaling p50 ms", lessIsBetter: true) { $0.joins.signaling.shown(\.p50) },
    Measure(name: "DTLS p50 ms", lessIsBetter: true) { $0.joins.dtls.shown(\.p50) },
    Measure(name: "connect p50 ms", lessIsBetter: true) { $0.joins.connect.shown(\.p50) },
    Measure(name: "connect p95 ms", lessIsBetter: true) { $0.joins.connect.shown(\.p95) },
    Measure(name: "first packet p50 ms", lessIsBetter: true) {
      $0.joins.firstPacket.shown(\.p50)
    },
    Measure(name: "first packet p99 ms", lessIsBetter: true) {
      $0.joins.firstPacket.shown(\.p99)
    },
    Measure(name: "generator late p99 ms", lessIsBetter: true) { $0.generator.lateness.p99 },
  ]
}

extension LoadReport.Spread {
  fileprivate func shown(_ value: KeyPath<Self, Double>) -> Double? {
    count == 0 ? nil : self[keyPath: value]
  }
}

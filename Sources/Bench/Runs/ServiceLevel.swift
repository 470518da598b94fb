/// What a conversation may be asked to bear: beyond it a server carries too much.
struct ServiceLevel: Sendable {
  /// Milliseconds that 99 % of packets stay below.
  var delayP99 = 20.0
  /// Milliseconds that 95 % of joins stay below, until media may flow.
  var joinP95 = 1000.0

  /// What of it a run broke; empty when nothing.
  func breaches(_ report: LoadReport) -> [String] {
    var breaches: [String] = []
    if report.joins.connected < report.joins.attempted {
      breaches.append(
        "\(report.joins.attempted - report.joins.connected) of \(report.joins.attempted) did not "
          + "get in")
    }
    if report.joins.broken > 0 { breaches.append("\(report.joins.broken) connections broke") }
    if report.delivery.lost > 0 {
      breaches.append("\(report.delivery.lost) packets of \(report.delivery.expected) lost")
    }
    if report.delay.p99 > delayP99 {
      breaches.append(
        "delay p99 \(Shown.number(report.delay.p99)) ms, the limit is \(Shown.number(delayP99))")
    }
    if report.joins.connect.count > 0, report.joins.connect.p95 > joinP95 {
      breaches.append(
        "joining p95 \(Shown.number(report.joins.connect.p95)) ms, the limit is "
          + "\(Shown.number(joinP95))")
    }
    return breaches
  }
}

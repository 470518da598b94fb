/// The last twenty minutes of a participant's two ways, a point each five seconds, and the last second.
struct ParticipantSeries {
  static let length = 240
  /// Seconds of a point.
  static let step = 5

  private(set) var points: [SeriesPoint] = []
  private(set) var latest = WayPoint(at: 0)
  private var sums: (point: WayPoint, up: PacketLoss, down: PacketLoss, count: Int)?

  init() {
    // All that it will ever take: growing would take up to twice that.
    points.reserveCapacity(Self.length)
  }

  /// Notes one second.
  mutating func note(_ point: WayPoint, up: PacketLoss, down: PacketLoss) {
    // What came late was missed before: only over some seconds loss is what is lost.
    latest = point
    latest.upLoss = max(point.upLoss, 0)
    latest.downLoss = max(point.downLoss, 0)
    var (up, down) = (up, down)
    var sum = sums?.point ?? WayPoint(at: point.at)
    sum.add(point)
    up.add(sums?.up ?? PacketLoss())
    down.add(sums?.down ?? PacketLoss())
    let number = (sums?.count ?? 0) + 1
    guard number >= Self.step else {
      sums = (sum, up, down, number)
      return
    }
    sums = nil
    sum.divide(by: Float(number))
    // A second of few packets tells less than one of many.
    (sum.upLoss, sum.downLoss) = (up.percent, down.percent)
    sum.at = point.at
    sum.arrivalSkew = point.arrivalSkew
    if points.count >= Self.length { points.removeFirst() }
    points.append(SeriesPoint(sum))
  }
}

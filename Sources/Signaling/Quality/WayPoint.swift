/// A moment of the participant's two ways.
struct WayPoint {
  var at: Int32
  var upLoss: Float = 0
  var upJitter: Float = 0
  var upRate: Float = 0
  var frameRate: Float = 0
  var downLoss: Float = 0
  var downJitter: Float = 0
  var downRate: Float = 0
  var roundTrip: Float = 0
  var upRoundTrip: Float = 0
  var downRoundTrip: Float = 0
  /// As in `ParticipantSample`, milliseconds.
  var arrivalSkew: Float?
}

extension WayPoint {
  mutating func add(_ other: Self) {
    upLoss += other.upLoss
    upJitter += other.upJitter
    upRate += other.upRate
    frameRate += other.frameRate
    downLoss += other.downLoss
    downJitter += other.downJitter
    downRate += other.downRate
    roundTrip += other.roundTrip
    upRoundTrip += other.upRoundTrip
    downRoundTrip += other.downRoundTrip
  }

  mutating func divide(by count: Float) {
    upLoss /= count
    upJitter /= count
    upRate /= count
    frameRate /= count
    downLoss /= count
    downJitter /= count
    downRate /= count
    roundTrip /= count
    upRoundTrip /= count
    downRoundTrip /= count
  }
}

/// A moment of a participant's two ways as it is remembered: in whole numbers, half the size of a
/// `WayPoint`, since twenty minutes of them are most of what a participant costs.
struct SeriesPoint {
  private static let noSkew = Int16.min

  let at: Int32
  private let upLoss: UInt16
  private let upJitter: UInt16
  private let upRate: UInt16
  private let frameRate: UInt16
  private let downLoss: UInt16
  private let downJitter: UInt16
  private let downRate: UInt16
  private let roundTrip: UInt16
  private let upRoundTrip: UInt16
  private let downRoundTrip: UInt16
  private let arrivalSkew: Int16

  /// Shares in hundredths of a percent, times in tenths of a millisecond, rates in kbit/s, pictures in
  /// tenths; what is larger than fits is as large as fits.
  init(_ point: WayPoint) {
    at = point.at
    upLoss = Self.whole(point.upLoss, 100)
    upJitter = Self.whole(point.upJitter, 10)
    upRate = Self.whole(point.upRate, 1)
    frameRate = Self.whole(point.frameRate, 10)
    downLoss = Self.whole(point.downLoss, 100)
    downJitter = Self.whole(point.downJitter, 10)
    downRate = Self.whole(point.downRate, 1)
    roundTrip = Self.whole(point.roundTrip, 10)
    upRoundTrip = Self.whole(point.upRoundTrip, 10)
    downRoundTrip = Self.whole(point.downRoundTrip, 10)
    arrivalSkew = Self.milliseconds(point.arrivalSkew)
  }

  var point: WayPoint {
    WayPoint(
      at: at, upLoss: Float(upLoss) / 100, upJitter: Float(upJitter) / 10, upRate: Float(upRate),
      frameRate: Float(frameRate) / 10, downLoss: Float(downLoss) / 100,
      downJitter: Float(downJitter) / 10, downRate: Float(downRate),
      roundTrip: Float(roundTrip) / 10, upRoundTrip: Float(upRoundTrip) / 10,
      downRoundTrip: Float(downRoundTrip) / 10, arrivalSkew: Self.skew(arrivalSkew))
  }

  static func whole(_ value: Float, _ scale: Float) -> UInt16 {
    value.isFinite ? UInt16(min(max((value * scale).rounded(), 0), Float(UInt16.max))) : 0
  }

  static func milliseconds(_ skew: Float?) -> Int16 {
    guard let skew, skew.isFinite else { return noSkew }
    return Int16(min(max(skew.rounded(), -30_000), 30_000))
  }

  static func skew(_ stored: Int16) -> Float? { stored == noSkew ? nil : Float(stored) }
}

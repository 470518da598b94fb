/// A moment of one direction as it is remembered.
struct ScorePoint {
  let at: Int32
  private let soundThousandths: UInt16
  private let pictureThousandths: UInt16
  private let skewMilliseconds: Int16

  /// - Parameters:
  ///   - sound: `nil` where there was none to score, likewise `picture`.
  ///   - skew: milliseconds.
  init(at: Int32, sound: Double?, picture: Double?, skew: Double?) {
    self.at = at
    soundThousandths = SeriesPoint.whole(Float(sound ?? 0), 1000)
    pictureThousandths = SeriesPoint.whole(Float(picture ?? 0), 1000)
    skewMilliseconds = SeriesPoint.milliseconds(skew.map { Float($0) })
  }

  var sound: Double? { soundThousandths > 0 ? Double(soundThousandths) / 1000 : nil }
  var picture: Double? { pictureThousandths > 0 ? Double(pictureThousandths) / 1000 : nil }
  var skew: Double? { SeriesPoint.skew(skewMilliseconds).map { Double($0) } }
}

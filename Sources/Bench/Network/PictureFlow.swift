internal import Wire

/// Pictures as somebody saw them.
struct PictureFlow: Sendable, Equatable {
  /// Of a screen, a sixtieth of a second: of pictures that are ready within one only one is seen.
  static let refresh = 1.0 / 60
  /// Longer than this nothing moved.
  static let freeze = 0.2

  var count = 0
  var perSecond = 0.0
  /// Seconds, to the ends of the interval too.
  var longestGap = 0.0
  var freezes = 0
  /// Seconds in freezes.
  var frozen = 0.0

  /// When pictures are shown: a browser lets them wait for what comes again, so that they follow each
  /// other evenly. Here as long as 19 of 20 of the last 5 s needed, no longer than 200 ms more than the fastest
  /// did; one that is later is shown at once.
  static func shown(_ pictures: [FrameJudge.Picture]) -> [MediaInstant] {
    var transits: [Int64] = []
    var last = MediaInstant(nanoseconds: Int64.min)
    return pictures.map { picture in
      transits.append((picture.ready - picture.sent).nanoseconds)
      if transits.count > 150 { transits.removeFirst() }
      let sorted = transits.sorted()
      let usual = sorted[(sorted.count - 1) * 19 / 20]
      let wait = min(usual, sorted[0] + most.nanoseconds)
      last = max(last, picture.ready, picture.sent + MediaDuration(nanoseconds: wait))
      return last
    }
  }

  private static let most = MediaDuration.milliseconds(200)

  init(_ shown: [MediaInstant], from: MediaInstant, to: MediaInstant) {
    let seconds = (to - from).seconds
    guard seconds > 0 else { return }
    var last = from
    var seen: MediaInstant?
    func close(_ end: MediaInstant) {
      let gap = (end - last).seconds
      longestGap = max(longestGap, gap)
      if gap > Self.freeze {
        freezes += 1
        frozen += gap
      }
    }
    for at in shown where at >= from && at < to {
      if let before = seen, (at - before).seconds < Self.refresh { continue }
      close(at)
      seen = at
      last = at
      count += 1
    }
    close(to)
    perSecond = Double(count) / seconds
  }
}

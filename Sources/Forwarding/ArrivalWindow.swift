internal import Wire

/// How many packets arrive: of the last whole quarter of a second and of this one, the larger, so that a
/// picture of many packets after a pause counts.
struct ArrivalWindow {
  static let length = MediaDuration.milliseconds(250)

  private var since: MediaInstant?
  private var last = 0
  private var current = 0

  mutating func note(at now: MediaInstant) {
    guard let since else {
      self.since = now
      current = 1
      return
    }
    let elapsed = now - since
    if elapsed >= Self.length {
      last = elapsed < Self.length * 2 ? current : 0
      current = 0
      self.since = now
    }
    current &+= 1
  }

  func packets(in duration: MediaDuration) -> Int {
    Int(Double(max(last, current)) * duration.seconds / Self.length.seconds)
  }
}

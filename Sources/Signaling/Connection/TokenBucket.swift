internal import Wire

/// A rate limit: `capacity` at once, `perSecond` in the long run.
struct TokenBucket: Sendable {
  private let capacity: Int64
  /// Nanoseconds for one.
  private let interval: Int64
  /// The bucket as a point in time (the "virtual scheduling" form of the leaky bucket, ITU-T I.371):
  /// full when this is in the past.
  private var emptyUntil: MediaInstant

  /// All of a minute's share at once, or one by one as they come again.
  init(perMinute: Int, now: MediaInstant) {
    capacity = Int64(max(1, perMinute))
    interval = 60_000_000_000 / capacity
    emptyUntil = now
  }

  init(capacity: Int, perSecond: Int, now: MediaInstant) {
    self.capacity = Int64(max(1, capacity))
    interval = 1_000_000_000 / Int64(max(1, perSecond))
    emptyUntil = now
  }

  /// False when there is none left.
  mutating func take(at now: MediaInstant) -> Bool {
    let start = max(emptyUntil, now)
    let debt = (start - now).nanoseconds
    guard debt <= (capacity - 1) * interval else { return false }
    emptyUntil = start + MediaDuration(nanoseconds: interval)
    return true
  }

  func isFull(at now: MediaInstant) -> Bool { emptyUntil <= now }

  /// Until one is there again.
  func delay(at now: MediaInstant) -> MediaDuration {
    let excess = (emptyUntil - now).nanoseconds - (capacity - 1) * interval
    return MediaDuration(nanoseconds: max(0, excess))
  }
}

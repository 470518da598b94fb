internal import Wire

/// Tells delay that is not ours from a queue that is: after a cut our own queue drains, the delay of a
/// longer path (another cell, a VPN) and the queue of others do not.
///
/// (The thought is BBR's PROBE_RTT, draft-ietf-ccwg-bbr section 5.3.4.3: who sends little sees the path's
/// own delay. Here the cut is one that was due anyway.) A queue that we fill to the brim stands still as
/// well, and is taken for the path's own once; then it is asked for twice as long each time.
struct ForeignDelay {
  /// Beyond the round trip, after which a cut must show.
  static let patience = MediaDuration.milliseconds(800)
  static let longestPatience = MediaDuration.seconds(15)
  /// A verdict that was followed by another so soon was wrong.
  static let relapse = MediaDuration.seconds(10)
  /// What may be jitter.
  static let noise = MediaDuration.milliseconds(25)
  static let largestNoise = MediaDuration.milliseconds(50)

  private var since: MediaInstant?
  private var reference = MediaDuration.zero
  private var patience = Self.patience
  private var lastVerdict: MediaInstant?

  /// - Parameters:
  ///   - cut: of the estimate, the latest.
  ///   - spread: of delays.
  /// - Returns: whether what stands is none of ours.
  mutating func update(
    standing: MediaDuration, isQueueing: Bool, cut: MediaInstant?, spread: MediaDuration,
    roundTrip: MediaDuration, at now: MediaInstant
  ) -> Bool {
    guard isQueueing, let cut else {
      since = nil
      return false
    }
    let noise = max(Self.noise, min(spread, Self.largestNoise))
    guard let start = since, cut <= start, standing >= reference - noise,
      standing <= reference + noise
    else {
      since = now
      reference = standing
      return false
    }
    guard now - start >= patience + roundTrip else { return false }
    if let lastVerdict, now - lastVerdict < Self.relapse + patience {
      patience = min(patience + patience, Self.longestPatience)
    } else {
      patience = Self.patience
    }
    lastVerdict = now
    since = nil
    return true
  }
}

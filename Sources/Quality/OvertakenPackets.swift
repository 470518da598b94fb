internal import Wire

/// Packets that others have overtaken count as lost until they come. Taking the difference of them off what is
/// lost in each second leaves, over any seconds, those that will not come any more.
struct OvertakenPackets: Hashable {
  private var underway = 0.0

  /// How many more there are than a second before.
  ///
  /// - Parameters:
  ///   - rate: packets a second.
  ///   - spread: how much longer than the shortest they take on average. Where delays vary that much, so
  ///     much of the newest has been overtaken (Little's law).
  mutating func change(rate: Double, spread: MediaDuration) -> Double {
    // Below it none is overtaken: they are sent about 20 ms apart.
    let now = spread > .milliseconds(20) ? rate * spread.seconds : 0
    defer { underway = now }
    return now - underway
  }
}

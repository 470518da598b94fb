internal import MediaEngine

/// Packets that a viewer spoke of, and those of them that it did not get. Where sound is repeated, which goes under
/// the same number again, of the others alone, if there are enough of them.
struct ReportedLoss {
  /// Fewer packets a second tell nothing of their own.
  static let leastReported = 10

  private(set) var reported: Int
  /// Below zero when more are taken back than told anew.
  private(set) var lost: Int

  init(_ now: PeerStatistics, since before: PeerStatistics) {
    reported = difference(now.reported, before.reported)
    lost = Self.change(now.reportedLost, before.reportedLost)
    let others = reported - difference(now.reportedSound, before.reportedSound)
    if now.repeatsSound, others >= Self.leastReported {
      reported = others
      lost -= Self.change(now.reportedSoundLost, before.reportedSoundLost)
    }
    lost = min(lost, reported)
  }

  private static func change(_ now: UInt64, _ before: UInt64) -> Int {
    Int(truncatingIfNeeded: Int64(bitPattern: now &- before))
  }
}

public import Wire

/// What somebody who looks at a publication now and then wants to know and no counter tells: pictures
/// that do not come, sound that is silence, packets that stand in queues. Cumulative, but for `queue`.
public struct PublicationObservation: Hashable, Sendable {
  /// RFC 6464 gives 127 to digital silence; a real room is never as still as that.
  static let silentLevel: UInt8 = 126
  /// So loud on average over a packet speech is only when it is clipped.
  static let saturatedLevel: UInt8 = 4
  /// As webrtc-stats has it: a pause of this much more than pictures usually have is a freeze.
  static let freezeMargin: Int64 = 150_000_000
  /// Longer is a pause that somebody made.
  static let longestInterval: Int64 = 30_000_000_000

  /// Pictures whose last packet came.
  public private(set) var frames: UInt64 = 0
  public private(set) var freezes: UInt64 = 0
  /// Of all freezes that are over.
  public private(set) var frozen = MediaDuration.zero
  public private(set) var lastFrame: MediaInstant?

  /// Packets with an audio level.
  public private(set) var levels: UInt64 = 0
  /// Of all levels, each 0...127 below full scale.
  public private(set) var levelSum: UInt64 = 0
  public private(set) var silent: UInt64 = 0
  public private(set) var saturated: UInt64 = 0

  private var meanInterval: Int64 = 0

  public init() {}

  @inline(__always)
  mutating func note(_ media: MediaPacket, isVideo: Bool, now: MediaInstant) {
    if isVideo {
      if media.flags.contains(.marker) { noteFrame(now) }
    } else if media.flags.contains(.hasAudioLevel) {
      levels &+= 1
      levelSum &+= UInt64(media.audioLevel)
      if media.audioLevel >= Self.silentLevel { silent &+= 1 }
      if media.audioLevel <= Self.saturatedLevel { saturated &+= 1 }
    }
  }

  /// The same with the freeze that goes on now, if one does, as if it were over.
  public func counted(until now: MediaInstant) -> Self {
    guard let lastFrame, isFreeze(now - lastFrame, after: frames) else { return self }
    var counted = self
    counted.freezes &+= 1
    counted.frozen = frozen + (now - lastFrame)
    return counted
  }

  private mutating func noteFrame(_ now: MediaInstant) {
    let before = frames
    frames &+= 1
    defer { lastFrame = now }
    guard let lastFrame else { return }
    let interval = (now - lastFrame).nanoseconds
    guard interval >= 0, interval < Self.longestInterval else { return }
    if isFreeze(now - lastFrame, after: before) {
      freezes &+= 1
      frozen = frozen + MediaDuration(nanoseconds: interval)
      return
    }
    meanInterval &+= (interval &- meanInterval) / 16
  }

  /// What an interval is worth is not known of the first few.
  private func isFreeze(_ span: MediaDuration, after frames: UInt64) -> Bool {
    let interval = span.nanoseconds
    return frames > 9 && interval < Self.longestInterval
      && interval >= max(meanInterval &* 3, meanInterval &+ Self.freezeMargin)
  }
}

internal import Congestion
internal import Forwarding
internal import Wire

/// A second, smaller stream of a camera that sends one encoding: made by a hook, for viewers whose paths do not
/// carry what the camera sends, while those of others do. One more encoding to the layer selection, the smallest,
/// but not of the publisher's: it is asked nothing of it and told nothing.
final class Rendition {
  /// Packets come every few milliseconds while one runs; nobody wakes the worker for them.
  static let interval = MediaDuration.milliseconds(5)
  /// Between two looks at who needs it.
  static let lookInterval = MediaDuration.milliseconds(200)
  /// Nobody has needed it for so long: a path that comes and goes does not start an encoder each time.
  static let idle = MediaDuration.seconds(10)
  /// What was asked for and did not begin is asked for again.
  static let repetition = MediaDuration.seconds(5)
  /// Packets of one turn: more than a keyframe has.
  static let batch = 64

  let encoding: Encoding
  let feed: PacketFeed
  /// What its encoder may produce.
  var cap: EncoderCap
  var nextLook: MediaInstant

  init(_ handle: PublicationHandle, _ feed: PacketFeed, _ now: MediaInstant) {
    encoding = Encoding(handle: handle, rid: nil, isActive: true)
    self.feed = feed
    var limits = EncoderCap.Settings()
    limits.floor = PacketFeed.bitrates.lowerBound
    limits.ceiling = PacketFeed.bitrates.upperBound
    // Small packets have large headers.
    limits.share = 0.8
    cap = EncoderCap(settings: limits, start: feed.bitrate)
    nextLook = now
  }

  /// bit/s that a path must carry for it, headers and all.
  static let need = PacketFeed.bitrates.lowerBound + PacketFeed.bitrates.lowerBound / 8
}

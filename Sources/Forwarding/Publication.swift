internal import Wire

/// One track from a publisher: its numbers, its last packets, what it lacks, who views it.
struct Publication: ~Copyable {
  let settings: PublicationSettings
  let payloads: PayloadTable
  let clockRate: UInt32
  var isMuted: Bool
  /// The source that sends now.
  var ssrc: SSRC?
  var statistics: ReceptionStatistics
  var history: PacketHistory
  var nack: NACKGenerator
  var arbiter: KeyframeArbiter
  var report: SenderReportMapping?
  var counters = PublicationCounters()
  /// Of a packet that was taken.
  var lastArrival: MediaInstant?
  /// Of the last keyframe of VP8.
  var frameSize: VP8Descriptor.FrameSize?
  var observation = PublicationObservation()
  /// Counts the points where packets do not continue those before...
  var epoch: UInt32 = 0
  /// Where the newest keyframe begins; the history may not hold it any more.
  var keyframe: (index: Int64, timestamp: UInt32, arrival: MediaInstant)?
  /// The last packet that came while nobody viewed: nothing missing before it was asked for.
  var lastUnviewed: Int64?
  /// ...and those of them where timestamps do not either.
  var clockEpoch: UInt32 = 0
  /// What was missing is not asked for; a keyframe is, from then on.
  var brokenUntil: MediaInstant?
  /// The first packet of RED of an epoch: nothing repeated goes further back than it.
  var openEpoch: UInt32?
  var openTimestamp: UInt32?
  let subscribers: SubscriberList

  init(_ settings: PublicationSettings, limits: RouterLimits, arena: PacketArena) {
    self.settings = settings
    payloads = PayloadTable(settings.payloads)
    clockRate = settings.kind == .audio ? 48_000 : 90_000
    isMuted = settings.muted
    statistics = ReceptionStatistics(clockRate: clockRate)
    history = PacketHistory(
      capacity: settings.kind == .audio ? limits.audioHistory : limits.videoHistory,
      maximumAge: PacketHistory.minimumAge, memory: limits.nack.maximumAge, arena: arena)
    nack = NACKGenerator(limits: settings.kind == .audio ? limits.nack.ofSound : limits.nack)
    arbiter = KeyframeArbiter(limits: limits.keyframes)
    subscribers = SubscriberList(capacity: limits.subscribersPerPublication)
  }

  /// Whether a decoder must wait for a keyframe.
  var isVideo: Bool { settings.kind == .video }

  /// Whether there is a stream to ask about. A publisher begins with a keyframe: before its first
  /// packet nobody asks for one.
  var isFlowing: Bool { ssrc != nil && !isMuted && statistics.highest != nil }

  var nextDeadline: MediaInstant? {
    guard isFlowing else { return nil }
    var keyframe = settings.answersKeyframeRequests ? arbiter.nextDeadline : nil
    if let brokenUntil { keyframe = min(keyframe ?? brokenUntil, brokenUntil) }
    let repair = settings.answersNACK ? nack.nextDeadline : nil
    guard let keyframe, let repair else { return keyframe ?? repair }
    return min(keyframe, repair)
  }

  /// The publisher's path has become narrow: nothing more is asked for until its encoder has followed. A keyframe
  /// made at once would be as large as the path was wide.
  mutating func giveWay(until instant: MediaInstant) {
    guard isVideo, settings.answersKeyframeRequests, brokenUntil == nil else { return }
    brokenUntil = instant
  }

  mutating func requestKeyframe(_ reason: KeyframeArbiter.Reason, now: MediaInstant) {
    // It is asked for when the time comes.
    guard isVideo, brokenUntil == nil else { return }
    arbiter.request(reason, now: now)
  }

  /// The packets that follow do not continue those before.
  mutating func interrupt(keepsClock: Bool) {
    epoch &+= 1
    keyframe = nil
    lastUnviewed = nil
    if !keepsClock {
      clockEpoch &+= 1
      report = nil
    }
    nack.reset(at: nil)
  }

  /// What the header and the payload of a packet say.
  /// - Parameter payloadOffset: behind the original sequence number when it is a retransmission.
  mutating func describe(
    _ packet: RTPPacket, in bytes: UnsafeRawBufferPointer, slot: PacketSlot, index: Int64,
    payload: UInt8, payloadOffset: Int, payloadLength: Int, now: MediaInstant
  ) -> MediaPacket {
    var media = MediaPacket(
      slot: slot, index: index, arrival: now, timestamp: packet.timestamp,
      payloadOffset: UInt16(truncatingIfNeeded: payloadOffset),
      payloadLength: UInt16(truncatingIfNeeded: payloadLength), payload: payload,
      flags: packet.marker ? .marker : [], audioLevel: 127, vp8: nil)
    let body = bytes.slice(payloadOffset..<(payloadOffset &+ payloadLength))
    switch payloads.format(at: payload) {
    case .opus, .red:
      media.flags.insert(.startsKeyframe)
      if payloads.format(at: payload) == .red { describeRED(&media, body) }
      if let id = settings.extensions[.audioLevel],
        let level = packet.audioLevel(id: id, in: bytes)
      {
        media.audioLevel = level.level
        media.flags.insert(.hasAudioLevel)
        if level.voice { media.flags.insert(.voice) }
      }
    case .vp8:
      media.vp8 = VP8Descriptor(body)
      if media.vp8?.isKeyframeStart == true { media.flags.insert(.startsKeyframe) }
    case .h264:
      if H264Payload.startsKeyframe(body) { media.flags.insert(.startsKeyframe) }
    }
    return media
  }
}

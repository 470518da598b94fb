internal import Consultation
internal import Forwarding
internal import MediaEngine
internal import Quality
internal import Wire

/// What the monitor remembers of one participant from one look to the next. Used by its actor alone.
final class ParticipantWatch {
  /// What a device told is old after that.
  static let freshness = MediaDuration.seconds(12)
  /// What a device tells is judged so much later: what explains it may be seen only then.
  static let patience = MediaDuration.seconds(2)

  let id: ParticipantID
  let role: ParticipantRole
  var detector: IncidentDetector
  var sample: ParticipantSample?
  private(set) var series = ParticipantSeries()
  private var lastLook: MediaInstant?
  private var peer: (id: PeerID, numbers: PeerStatistics)?
  private var publications: [PublicationID: PublicationStatistics] = [:]
  private var subscriptions: [SubscriptionID: SubscriptionStatistics] = [:]
  /// Octets in the last look, of each publication that it gets.
  private(set) var received: [PublicationID: Int] = [:]

  /// Until when what its device tells of a publication may be of a time in which it got nothing of it.
  private(set) var withheldUntil: [PublicationID: MediaInstant] = [:]

  private var client: ClientStatistics?
  private(set) var playout: [TrackID: PlayoutSample] = [:]
  private var playoutTimes: [TrackID: Double] = [:]
  /// RTP time of what was played last, and when, milliseconds of the device's clock.
  private var played: [TrackID: (rtpTime: UInt32, at: Double)] = [:]
  /// RTP time that each publication has in this look, by its sender's reports.
  private var rtpTimes: [PublicationID: (rtpTime: UInt32, rate: Double)] = [:]
  private var limitations: [MediaSource: EncoderLimitation] = [:]
  /// Whether what the device told last is still to be judged.
  private var isPlayoutNew = false
  private var clientAt: MediaInstant?
  private(set) var frozenSeconds = 0.0
  private(set) var silentSeconds = 0
  private(set) var audioOnlySeconds = 0
  private(set) var reconnects = 0
  /// In the last look.
  private(set) var hasReconnected = false
  private(set) var isRelay: Bool?
  private(set) var networkProtocol: String?
  /// Of what it sends, or has sent.
  private(set) var codecs: [MediaSource: MediaCodec] = [:]
  private(set) var pictureSize: (width: Int, height: Int)?
  /// Of its microphone in the last look, where it is measured; and what was heard of it last.
  private(set) var heard: HeardSample?
  private(set) var lastHeard: HeardSample?

  init(_ person: RoomMedia.Person, thresholds: QualityThresholds) {
    id = person.id
    role = person.role
    detector = IncidentDetector(thresholds: thresholds)
  }

  // MARK: The device

  /// - Returns: what its route change means, if the route has changed.
  func note(_ statistics: ClientStatistics, at now: MediaInstant) -> [IncidentChange] {
    defer {
      client = statistics
      clientAt = now
    }
    for track in statistics.outbound {
      limitations[track.source] = track.limitation
      if track.source == .camera, let width = track.frameWidth, let height = track.frameHeight {
        pictureSize = (Int(min(width, 16_384)), Int(min(height, 16_384)))
      }
    }
    var changes: [IncidentChange] = []
    if let isRelay = statistics.transport.isRelay {
      if let before = self.isRelay, before != isRelay {
        changes = detector.note(.senderUplink, .relayChange, severity: .minor, at: now)
      }
      self.isRelay = isRelay
    }
    networkProtocol = statistics.transport.networkProtocol ?? networkProtocol
    playoutTimes = Dictionary(
      statistics.inbound.compactMap { track in
        track.estimatedPlayoutTimestamp.map { (track.publication, $0) }
      }
    ) { first, _ in first }
    played = Dictionary(
      statistics.inbound.compactMap { track in
        guard let time = track.playedRTPTimestamp.flatMap({ UInt32(exactly: $0) }),
          let at = track.playedAt
        else { return nil }
        return (track.publication, (time, at))
      }
    ) { first, _ in first }
    guard let before = client else { return changes }
    let span = (statistics.timestamp - before.timestamp) / 1000
    guard span > 0.5, span < 60 else { return changes }
    for track in statistics.inbound {
      guard let old = before.inbound.first(where: { $0.publication == track.publication }) else {
        continue
      }
      playout[track.publication] = PlayoutSample(
        track, since: old, seconds: span, standing: statistics.standing(track),
        before: before.standing(old))
    }
    playout = playout.filter { entry in
      statistics.inbound.contains { $0.publication == entry.key }
    }
    isPlayoutNew = true
    return changes
  }

  func playout(of track: TrackID, at now: MediaInstant) -> PlayoutSample? {
    guard let clientAt, now - clientAt <= Self.freshness else { return nil }
    return playout[track]
  }

  /// How far the picture that is played is ahead of the sound, by what the device told last.
  func skew(picture: TrackID, sound: TrackID, at now: MediaInstant) -> Double? {
    guard let clientAt, now - clientAt <= Self.freshness else { return nil }
    if let seen = playoutTimes[picture], let heard = playoutTimes[sound] {
      return SkewSummary.skew(picture: seen, sound: heard)
    }
    guard let seen = playoutTime(picture), let heard = playoutTime(sound) else { return nil }
    return SkewSummary.skew(picture: seen, sound: heard)
  }

  /// The same from what was played last: milliseconds of the sender's clock, off by an unknown that is
  /// the same for all tracks of a participant.
  private func playoutTime(_ track: TrackID) -> Double? {
    guard let last = played[track], let mapping = rtpTimes[PublicationID(track)] else { return nil }
    let ticks = Int32(bitPattern: last.rtpTime &- mapping.rtpTime)
    return Double(ticks) / mapping.rate * 1000 - last.at
  }

  // MARK: A look

  /// Makes the sample of the time since the last look; `nil` while there is no media connection.
  func look(
    _ person: RoomMedia.Person, _ index: StatisticsIndex, isOverloaded: Bool, at now: MediaInstant
  ) -> ParticipantSample? {
    defer { lastLook = now }
    hasReconnected = false
    heard = nil
    // Of several connections (WHIP and WHEP) the first that is there tells of the path.
    let span = lastLook.map { now - $0 } ?? .seconds(1)
    guard let numbers = person.peers.compactMap({ index.peers[$0] }).first else {
      // The connection is gone for good, and another has not come yet.
      return peer.map { _ in ParticipantSample(at: now, span: span, isConnected: false) }
    }
    if let peer, peer.id != numbers.id, numbers.isConnected {
      reconnects += 1
      hasReconnected = true
    }
    let before = peer.flatMap { $0.id == numbers.id ? $0.numbers : nil }
    peer = (numbers.id, numbers)
    guard numbers.isConnected || before != nil else { return nil }
    var sample = ParticipantSample(at: now, span: span, isConnected: numbers.isConnected)
    sample.isNodeOverloaded = isOverloaded
    sample.signs = person.signs
    sample.isUplinkTooNarrow = person.isUplinkTooNarrow
    let connections = person.peers.compactMap { index.peers[$0] }
    sample.uplinkRoundTrip = connections.first { $0.sends }?.roundTrip
    sample.downlinkRoundTrip = connections.first { $0.receives }?.roundTrip
    sample.roundTrip = numbers.roundTrip
    let isFresh = clientAt.map { now - $0 <= Self.freshness } ?? false
    for publication in person.publications {
      let id = PublicationID(publication.track)
      guard let numbers = index.publications[id] else { continue }
      let before = publications.updateValue(numbers, forKey: id)
      if let codec = numbers.codec { codecs[publication.source] = codec }
      guard let before else { continue }
      sample.sources.append(
        SourceSample(
          publication, numbers, since: before,
          limitation: isFresh ? limitations[publication.source] : nil))
    }
    listen(to: person, &sample)
    sample.arrivalSkew = arrivalSkew(person, sample, index)
    sample.downlink = downlink(person, numbers, before, index, at: now)
    if isPlayoutNew, clientAt.map({ now - $0 >= Self.patience }) ?? false {
      isPlayoutNew = false
      sample.playout = worstPlayout
    }
    if publications.count > person.publications.count {
      publications = publications.filter { entry in
        person.publications.contains { PublicationID($0.track) == entry.key }
      }
    }
    count(sample)
    self.sample = sample
    return sample
  }

  /// What is measured of a microphone of which something came.
  private func listen(to person: RoomMedia.Person, _ sample: inout ParticipantSample) {
    guard let new = person.heard, new.frames != lastHeard?.frames,
      let at = sample.sources.firstIndex(where: { $0.source == .microphone }),
      !sample.sources[at].isMuted, sample.sources[at].packets > 0
    else { return }
    heard = new
    lastHeard = new
    sample.sources[at].heard = new
  }

  private func arrivalSkew(
    _ person: RoomMedia.Person, _ sample: ParticipantSample, _ index: StatisticsIndex
  ) -> MediaDuration? {
    func lag(_ source: SourceSample.Source, _ track: TrackID?) -> MediaDuration? {
      guard sample.sources.contains(where: { $0.source == source && !$0.isMuted && $0.packets > 0 })
      else { return nil }
      return track.flatMap { index.publications[PublicationID($0)]?.lag }
    }
    let voice = lag(.microphone, person.publications.first { $0.source == .microphone }?.track)
    let camera = lag(.camera, person.publications.first { $0.source == .camera }?.track)
    guard let voice, let camera,
      let skew = SkewSummary.skew(
        picture: -Double(camera.microseconds) / 1000, sound: -Double(voice.microseconds) / 1000)
    else { return nil }
    return .microseconds(Int64(skew * 1000))
  }

  private var worstPlayout: PlayoutSample {
    PlayoutSample(
      frozen: playout.values.compactMap(\.frozen).max(),
      frameRate: playout.values.compactMap(\.frameRate).min(),
      concealed: playout.values.compactMap(\.concealed).max(),
      bufferDelay: playout.values.compactMap(\.bufferDelay).max())
  }

  private func downlink(
    _ person: RoomMedia.Person, _ numbers: PeerStatistics, _ before: PeerStatistics?,
    _ index: StatisticsIndex, at: MediaInstant
  ) -> DownlinkSample? {
    let wanted = person.subscriptions
    guard !wanted.isEmpty else { return nil }
    var down = DownlinkSample(packets: 0, octets: 0, lost: 0, reported: 0)
    received = [:]
    rtpTimes = [:]
    var seen: Set<SubscriptionID> = []
    for (id, publication) in wanted {
      guard let now = index.subscriptions[id] else { continue }
      seen.insert(id)
      let old = subscriptions.updateValue(now, forKey: id)
      let octets = old.map { difference(now.octets, $0.octets) } ?? 0
      if let publication, octets == 0 {
        withheldUntil[publication] = at + IncidentDetector.deviceLag
      }
      guard let old else { continue }
      down.packets += difference(now.packets, old.packets)
      down.octets += octets
      down.retransmissions += difference(now.retransmissions, old.retransmissions)
      if let publication {
        received[publication, default: 0] += octets
        if let time = now.rtpTime { rtpTimes[publication] = (time, now.kind.clockRate) }
      }
      guard now.kind == .audio, let jitter = now.jitter else { continue }
      // What it gets late had come late to us, too.
      let upstream = publication.flatMap { index.publications[$0]?.jitter } ?? .zero
      down.jitter = max(down.jitter, jitter - upstream)
    }
    if subscriptions.count > seen.count {
      subscriptions = subscriptions.filter { seen.contains($0.key) }
    }
    if withheldUntil.contains(where: { $0.value < at }) {
      withheldUntil = withheldUntil.filter { $0.value >= at }
    }
    if let before, numbers.reported > before.reported {
      let loss = ReportedLoss(numbers, since: before)
      (down.reported, down.lost) = (loss.reported, loss.lost)
    }
    down.spread = numbers.spread
    down.queue = numbers.queue
    down.isAudioOnly = numbers.isAudioOnly
    down.isReduced = numbers.isReduced
    return down
  }

  // MARK: What is kept

  private func count(_ sample: ParticipantSample) {
    let seconds = sample.span.seconds
    var point = WayPoint(at: Int32(truncatingIfNeeded: sample.at.nanoseconds / 1_000_000_000))
    var up = PacketLoss()
    var down = PacketLoss()
    for source in sample.sources {
      up.add(lost: source.lost, of: source.packets + source.lost)
      point.upRate += Float(Double(source.octets) * 8 / 1000 / max(seconds, 0.1))
      if source.source == .microphone { point.upJitter = milliseconds(source.jitter) }
      if source.source == .camera {
        point.frameRate = Float(Double(source.frames) / max(seconds, 0.1))
        if !source.isMuted { frozenSeconds += min(source.frozen.seconds, seconds) }
      }
      if source.source == .microphone, let levels = source.levels, !source.isMuted,
        levels.packets > 0, levels.silent == levels.packets
      {
        silentSeconds += 1
      }
    }
    point.upLoss = up.percent
    if let downlink = sample.downlink {
      down.add(lost: downlink.lost, of: downlink.reported)
      point.downLoss = down.percent
      point.downJitter = milliseconds(downlink.jitter)
      point.downRate = Float(Double(downlink.octets) * 8 / 1000 / max(seconds, 0.1))
      if downlink.isAudioOnly { audioOnlySeconds += 1 }
    }
    point.roundTrip = milliseconds(sample.roundTrip ?? .zero)
    point.upRoundTrip = milliseconds(sample.uplinkRoundTrip ?? .zero)
    point.downRoundTrip = milliseconds(sample.downlinkRoundTrip ?? .zero)
    point.arrivalSkew = sample.arrivalSkew.map(milliseconds)
    series.note(point, up: up, down: down)
  }

  private func milliseconds(_ duration: MediaDuration) -> Float {
    Float(duration.microseconds) / 1000
  }
}

extension MediaKind {
  /// Of every codec that we take.
  fileprivate var clockRate: Double {
    switch self {
    case .audio: 48_000
    case .video: 90_000
    }
  }
}

/// Counters of a publication that was made anew begin anew.
func difference(_ now: UInt64, _ before: UInt64) -> Int {
  Int(truncatingIfNeeded: now >= before ? now - before : now)
}

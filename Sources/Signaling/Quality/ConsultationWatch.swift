internal import Consultation
internal import MediaEngine
internal import Quality
internal import Wire

/// What the monitor knows of one live consultation. Used by its actor alone.
final class ConsultationWatch {
  static let incidentLimit = 500

  struct Direction: Hashable {
    var sender: ParticipantID
    var receiver: ParticipantID
  }

  struct LoggedIncident {
    var participant: ParticipantID
    var role: ParticipantRole
    var incident: Incident
  }

  let id: ConsultationID
  let began: MediaInstant
  /// The same by the wall clock of then: names the record.
  let beganAt: WallClock
  private let thresholds: QualityThresholds
  private(set) var people: [ParticipantID: ParticipantWatch] = [:]
  private(set) var present: [ParticipantID] = []
  private(set) var directions: [Direction: DirectionWatch] = [:]
  /// The oldest first; those that go on have no end.
  private(set) var incidents: [LoggedIncident] = []
  private(set) var droppedIncidents = 0
  private(set) var lastLook: MediaInstant
  var keptUntil: MediaInstant?
  private(set) var mediaClock: MediaClock
  /// Seconds that media took to come up after an answer.
  var setups: [Double] = []
  /// Whose device or uplink is to blame for what others see, and until when.
  private var troubled: [ParticipantID: MediaInstant] = [:]

  init(
    _ id: ConsultationID, _ kind: ConsultationKind, thresholds: QualityThresholds,
    at now: MediaInstant, wall: WallClock
  ) {
    self.id = id
    mediaClock = MediaClock(kind)
    self.thresholds = thresholds
    began = now
    beganAt = wall
    lastLook = now
  }

  func note(
    _ statistics: ClientStatistics, of participant: ParticipantID, at now: MediaInstant
  ) -> [LoggedChange] {
    guard let watch = people[participant] else { return [] }
    return log(watch.note(statistics, at: now), of: watch)
  }

  /// Looks at everyone. Changes are of this look.
  func look(
    _ media: RoomMedia, _ index: StatisticsIndex, isOverloaded: Bool, at now: MediaInstant
  ) -> [LoggedChange] {
    lastLook = now
    present = media.people.map(\.id)
    var changes: [LoggedChange] = []
    for id in people.keys where !present.contains(id) {
      guard let gone = people[id] else { continue }
      changes += log(gone.detector.finish(at: now), of: gone)
      gone.sample = nil
    }
    let sources = Dictionary(
      media.people.flatMap { person in
        person.publications.map { (PublicationID($0.track), person.id) }
      }
    ) { first, _ in first }
    for person in media.people {
      let watch = people[person.id] ?? ParticipantWatch(person, thresholds: thresholds)
      people[person.id] = watch
      guard var sample = watch.look(person, index, isOverloaded: isOverloaded, at: now) else {
        watch.sample = nil
        continue
      }
      if watch.hasReconnected {
        let change = watch.detector.note(.senderUplink, .reconnect, severity: .major, at: now)
        changes += log(change, of: watch)
      }
      if sample.playout != nil { sample.playout = fairPlayout(watch, sources, now) }
      changes += log(watch.detector.update(sample), of: watch)
      judge(watch, sample, now)
      followRunning(of: watch)
    }
    score(media, at: now)
    countMedia(media)
    return changes
  }

  /// What a device says of those whose media reached us well, and was sent on all the time.
  private func fairPlayout(
    _ watch: ParticipantWatch, _ sources: [PublicationID: ParticipantID], _ now: MediaInstant
  ) -> PlayoutSample? {
    var fair = PlayoutSample()
    for (track, playout) in watch.playout {
      let id = PublicationID(track)
      guard watch.received[id, default: 0] > 0, watch.withheldUntil[id] == nil,
        let sender = sources[id],
        troubled[sender].map({ $0 < now }) ?? true
      else { continue }
      fair.frozen = max(fair.frozen ?? 0, playout.frozen ?? 0)
      fair.concealed = max(fair.concealed ?? 0, playout.concealed ?? 0)
    }
    return fair
  }

  private func judge(_ watch: ParticipantWatch, _ sample: ParticipantSample, _ now: MediaInstant) {
    let isBad =
      !sample.isConnected
      || watch.detector.running.contains { $0.side == .senderUplink || $0.side == .senderDevice }
      || sample.sources.contains { source in
        !source.isMuted
          && (source.lost * 33 > source.packets
            || (source.source == .camera
              && Double(source.frames) < thresholds.frameRate * sample.span.seconds))
      }
    if isBad { troubled[watch.id] = now + IncidentDetector.deviceLag }
  }

  private func score(_ media: RoomMedia, at now: MediaInstant) {
    for sender in media.people {
      guard let sent = people[sender.id]?.sample else { continue }
      let voice = sender.publications.first { $0.source == .microphone }?.track
      let camera = sender.publications.first { $0.source == .camera }?.track
      for receiver in media.people where receiver.id != sender.id {
        guard let watch = people[receiver.id], let got = watch.sample, got.downlink != nil else {
          continue
        }
        let key = Direction(sender: sender.id, receiver: receiver.id)
        directions[key, default: DirectionWatch()].note(
          sender: sent, receiver: got, sound: voice.flatMap { watch.playout(of: $0, at: now) },
          picture: camera.flatMap { watch.playout(of: $0, at: now) },
          octets: camera.flatMap { watch.received[PublicationID($0)] },
          skew: skew(sent, watch, camera: camera, voice: voice, at: now))
      }
    }
  }

  /// Of what goes on: a picture that is held back or muted is not out of step.
  private func skew(
    _ sent: ParticipantSample, _ receiver: ParticipantWatch, camera: TrackID?, voice: TrackID?,
    at now: MediaInstant
  ) -> Double? {
    guard let camera, let voice, receiver.received[PublicationID(camera), default: 0] > 0,
      receiver.received[PublicationID(voice), default: 0] > 0,
      sent.sources.allSatisfy({ $0.source == .screen || (!$0.isMuted && $0.packets > 0) })
    else { return nil }
    return receiver.skew(picture: camera, sound: voice, at: now)
  }

  private func countMedia(_ media: RoomMedia) {
    var flows: [MediaClock.Flow] = []
    var span = MediaDuration.zero
    for receiver in media.people {
      guard let watch = people[receiver.id], let got = watch.sample, got.isConnected,
        got.downlink != nil
      else { continue }
      span = max(span, got.span)
      for sender in media.people where sender.id != receiver.id {
        func passes(_ source: MediaSource) -> Bool {
          sender.publications.contains {
            $0.source == source && watch.received[PublicationID($0.track), default: 0] > 0
          }
        }
        flows.append(
          .init(
            from: sender.role, to: receiver.role, sound: passes(.microphone),
            picture: passes(.camera)))
      }
    }
    mediaClock.note(flows, span)
  }

  // MARK: Incidents

  struct LoggedChange {
    var logged: LoggedIncident
    var isEnd: Bool
  }

  func log(_ changes: [IncidentChange], of watch: ParticipantWatch) -> [LoggedChange] {
    changes.map { change in
      switch change {
      case .began(let incident):
        let logged = LoggedIncident(participant: watch.id, role: watch.role, incident: incident)
        if incidents.count < Self.incidentLimit {
          incidents.append(logged)
        } else {
          droppedIncidents += 1
        }
        return LoggedChange(logged: logged, isEnd: false)
      case .ended(let incident):
        let logged = LoggedIncident(participant: watch.id, role: watch.role, incident: incident)
        if let at = incidents.lastIndex(where: {
          $0.participant == watch.id && $0.incident.side == incident.side
            && $0.incident.cause == incident.cause
            && ($0.incident.ended == nil || $0.incident.began == incident.began)
        }) {
          incidents[at] = logged
        }
        return LoggedChange(logged: logged, isEnd: true)
      }
    }
  }

  /// What goes on may have become worse since it began.
  private func followRunning(of watch: ParticipantWatch) {
    for incident in watch.detector.running {
      let at = incidents.lastIndex {
        $0.participant == watch.id && $0.incident.ended == nil
          && $0.incident.side == incident.side && $0.incident.cause == incident.cause
      }
      if let at { incidents[at].incident = incident }
    }
  }

  func running(of participant: ParticipantID) -> [Incident] {
    people[participant]?.detector.running ?? []
  }

  func located(_ direction: Direction) -> [(incident: Incident, of: ParticipantRole)] {
    let sender = running(of: direction.sender)
    let receiver = running(of: direction.receiver)
    return FaultLocator.locate(sender: sender, receiver: receiver).map { incident in
      let isSender = sender.contains { $0.side == incident.side && $0.cause == incident.cause }
      let id = isSender ? direction.sender : direction.receiver
      return (incident, people[id]?.role ?? .observer)
    }
  }

  /// 0 is well, 100 is unbearable: what the wall is ordered by.
  var suffering: Double {
    var worst = 0.0
    for (key, direction) in directions
    where present.contains(key.sender) && present.contains(key.receiver) {
      if let sound = direction.soundNow { worst = max(worst, (4.5 - sound) / 3.5 * 70) }
      if let picture = direction.pictureNow { worst = max(worst, (4.5 - picture) / 3.5 * 35) }
    }
    let severity = present.flatMap { running(of: $0) }.map(\.severity).max()
    switch severity {
    case .critical: worst += 30
    case .major: worst += 18
    case .minor: worst += 8
    case nil: break
    }
    return min(max(worst, 0), 100)
  }
}

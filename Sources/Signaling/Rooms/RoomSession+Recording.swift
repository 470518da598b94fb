internal import Consultation
internal import Logging
internal import MediaEngine
internal import Transport
internal import Wire

/// Recordings on request of a physician. `Room` says when; here files begin and end, and packets come to them.
extension RoomSession {
  /// A recording that goes on.
  final class RunningRecording {
    /// Tells it from earlier ones.
    let number: UInt32
    let began: MediaInstant
    let beganAt: WallClock
    /// Files are sealed under it.
    let key: [UInt8]
    var files: [RecordedPart: RecordedFile] = [:]
    /// Of whom everyone was told that a picture is not recorded.
    var soundOnly: [String] = []

    init(_ number: UInt32, began: MediaInstant, at: WallClock, key: [UInt8]) {
      (self.number, self.began, beganAt, self.key) = (number, began, at, key)
    }
  }

  /// What becomes a file of its own: somebody's voice and camera, or screen.
  struct RecordedPart: Hashable {
    var participant: ParticipantID
    var isScreen: Bool
  }

  struct RecordedFile {
    var id: FileID
    var recorder: any ParticipantRecorder
    var sound: RecordedTrack?
    var pictures: RecordedTrack?
  }

  /// Where packets come from.
  struct RecordedTrack {
    var track: TrackID
    var bindings: [PayloadBinding]
    var tap: PacketTap
  }

  /// Packets that wait for the file.
  private static let tapCapacity = 512

  func setRecording(
    _ isWanted: Bool, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    guard environment.recorder != nil, let shelf = environment.recordings else {
      throw SignalingError(.notFound, "this server records nothing")
    }
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects =
        isWanted
        ? try next.beginRecording(by: session.id) : try next.stopRecording(by: session.id)
    } catch {
      throw SignalingError(error)
    }
    if isWanted {
      let key: [UInt8]?
      do throws(RecordStoreError) { key = try await environment.store.fileKey(of: id) } catch {
        throw SignalingError(.internal, "a recording could not be kept: try again")
      }
      // Nothing is recorded that a crash would hide.
      try await write(effects)
      recordingCount &+= 1
      runningRecording = RunningRecording(
        recordingCount, began: environment.clock.now(), at: environment.clock.wall(),
        key: key ?? shelf.passingKey)
    } else {
      stopRecording(in: next)
      await recorder.note(effects)
    }
    room = next
    environment.logger.info(
      "recording",
      metadata: [
        "consultation": "\(id)", "participant": "\(session.id)", "active": "\(isWanted)",
      ])
    settle(effects)
    if let re { session.link?.send(.accepted(re: re)) }
  }

  /// Takes away at once what may not be recorded in `next`: from its next turn on the worker hands out nothing.
  func stopRecording(in next: Room) {
    guard !next.isRecording, let running = runningRecording else { return }
    for part in running.files.keys { set(nil, nil, for: part, of: running) }
  }

  /// What is recorded is what everyone inside publishes now. Comes after whatever has changed.
  func settleRecording() {
    guard let running = runningRecording else { return }
    guard room.recording != nil else {
      stopRecording(in: room)
      for file in running.files.values { file.recorder.end() }
      runningRecording = nil
      return
    }
    var wanted: [RecordedPart: (sound: TrackID?, pictures: TrackID?)] = [:]
    if room.isRecording {
      for participant in room.roster {
        for publication in participant.publications {
          let part = RecordedPart(
            participant: participant.id, isScreen: publication.source == .screen)
          if publication.source.isAudio {
            wanted[part, default: (nil, nil)].sound = publication.track
          } else {
            wanted[part, default: (nil, nil)].pictures = publication.track
          }
        }
      }
    }
    for part in Set(wanted.keys).union(running.files.keys) {
      guard running.files[part] != nil || begin(part, of: running) else { continue }
      set(wanted[part]?.sound, wanted[part]?.pictures, for: part, of: running)
    }
    if running.soundOnly != soundOnly { tellRecordingState() }
  }

  /// Tells what is recorded, to everyone inside.
  func tellRecording(_ reason: RecordingEnd? = nil, by actor: ParticipantID? = nil) {
    tellRecordingState(reason, by: actor)
    for participant in room.roster { tellHooks(of: participant.id) }
  }

  private func tellRecordingState(_ reason: RecordingEnd? = nil, by actor: ParticipantID? = nil) {
    let soundOnly = soundOnly
    runningRecording?.soundOnly = soundOnly
    broadcast(
      .recording(
        state: recordingState ?? "off", participant: actor?.rawValue, reason: reason?.rawValue,
        soundOnly: soundOnly))
  }

  /// `nil`: nothing is recorded.
  var recordingState: String? { room.recording.map { $0.isPaused ? "paused" : "on" } }

  /// Who sends a picture that is not recorded, since it is of H.264; nobody, when nothing is recorded.
  var soundOnly: [String] {
    guard room.recording != nil else { return [] }
    return room.roster.filter { participant in
      participant.publications.contains { publication in
        guard !publication.source.isAudio,
          let bindings = sessions[participant.id]?.payloads(of: PublicationID(publication.track))
        else { return false }
        return !bindings.contains { $0.codec == .vp8 }
      }
    }.map(\.id.rawValue)
  }

  /// Ends what has become too long.
  func endRecording(before now: MediaInstant) async {
    guard let running = runningRecording, let limits = environment.recordings?.limits,
      now - running.began >= .seconds(Int64(limits.seconds))
    else { return }
    await endRecording(running.number, .limit)
  }

  /// It cannot go on.
  private func endRecording(_ number: UInt32, _ reason: RecordingEnd) async {
    await exclusively { () async in
      guard runningRecording?.number == number else { return }
      var next = room
      let effects = next.endRecording(reason, by: nil)
      stopRecording(in: next)
      await recorder.note(effects)
      room = next
      environment.logger.log(
        level: reason == .limit ? .notice : .error, "a recording ends",
        metadata: ["consultation": "\(id)", "reason": "\(reason.rawValue)"])
      settle(effects)
    }
  }

  private func fail(_ file: FileID, _ reason: RecordingEnd) async {
    guard let running = runningRecording, running.files.values.contains(where: { $0.id == file })
    else { return }
    await endRecording(running.number, reason)
  }

  // MARK: Files

  /// - Returns: `false` when it cannot begin: then all of it ends, since nobody may believe that it goes on.
  private func begin(_ part: RecordedPart, of running: RunningRecording) -> Bool {
    guard let source = environment.recorder, let shelf = environment.recordings else {
      return false
    }
    var random = SecretRandom()
    let label = SealedRecording.Label(
      file: FileID.random(using: &random), consultation: id, participant: part.participant,
      began: running.beganAt,
      keptUntil: running.beganAt.advanced(bySeconds: Int64(shelf.limits.kept)))
    let key = running.key
    let environment = environment
    do throws(RecordingRefusal) {
      shelf.enter()
      let recorder = try source.record(began: running.began) { header, contents in
        shelf.append(to: label, key: key, header: header, contents: contents) { reason in
          Task { [weak self] in await self?.fail(label.file, reason) }
        }
      } finished: {
        Task {
          await shelf.finish(label.file, in: environment)
          shelf.leave()
        }
      }
      running.files[part] = RecordedFile(id: label.file, recorder: recorder)
      return true
    } catch {
      shelf.leave()
      let number = running.number
      Task { [weak self] in await self?.endRecording(number, .storage) }
      return false
    }
  }

  private func set(
    _ sound: TrackID?, _ pictures: TrackID?, for part: RecordedPart, of running: RunningRecording
  ) {
    guard var file = running.files[part] else { return }
    let worker = worker
    if let next = replacement(of: file.sound, sound, .opus, part) {
      file.recorder.setSound(next?.tap, bindings: next?.bindings ?? [])
      change(from: file.sound, to: next)
      file.sound = next
    }
    if let next = replacement(of: file.pictures, pictures, .vp8, part) {
      let publication = next.map { PublicationID($0.track) }
      file.recorder.setPictures(next?.tap, bindings: next?.bindings ?? []) {
        if let publication { worker.send([.askKeyframe(publication)]) }
      }
      change(from: file.pictures, to: next)
      file.pictures = next
    }
    running.files[part] = file
  }

  private func change(from former: RecordedTrack?, to next: RecordedTrack?) {
    if let former {
      worker.send([.removeTap(PublicationID(former.track), former.tap)])
      noteDrops(of: former)
    }
    if let next { worker.send([.addTap(PublicationID(next.track), next.tap)]) }
  }

  /// What is missing in a recording is said.
  private func noteDrops(of former: RecordedTrack) {
    let dropped = former.tap.dropped
    guard dropped > 0 else { return }
    environment.logger.notice(
      "a recording did not get all packets",
      metadata: [
        "consultation": "\(id)", "publication": "\(former.track)", "dropped": "\(dropped)",
      ])
  }

  /// `nil`: nothing changes; a `nil` within: nothing is recorded of it any more.
  private func replacement(
    of former: RecordedTrack?, _ track: TrackID?, _ codec: MediaCodec, _ part: RecordedPart
  ) -> RecordedTrack?? {
    let bindings = track.flatMap {
      sessions[part.participant]?.payloads(of: PublicationID($0))
    }
    // Of H.264 nothing is recorded.
    guard let track, let bindings, bindings.contains(where: { $0.codec == codec }) else {
      return former == nil ? nil : .some(nil)
    }
    guard former?.track != track || former?.bindings != bindings else { return nil }
    return RecordedTrack(
      track: track, bindings: bindings, tap: PacketTap(capacity: Self.tapCapacity))
  }
}

extension RecordingShelf {
  /// What has come of a recording, into the record. What cannot be written there now is found by the next start.
  func finish(_ id: FileID, in environment: RoomEnvironment) async {
    do {
      guard let content = try await finish(id) else { return await discard(id) }
      try await keep(content, in: environment)
    } catch {
      environment.counters.add(.recordFailures)
      environment.logger.error(
        "a recording could not be closed", metadata: ["file": "\(id)", "error": "\(error)"])
    }
  }

  /// What an earlier process has left goes on, is closed, or goes.
  func recover(in environment: RoomEnvironment) async throws {
    let now = environment.clock.wall()
    for (name, label) in try await found() {
      guard let label else {
        environment.logger.warning(
          "a file among the recordings is none", metadata: ["file": "\(name)"])
        continue
      }
      let known = try await environment.store.files(of: label.consultation)
        .first { $0.id == label.file }
      let isOver = known.map { $0.keptUntil == nil } ?? false || label.keptUntil <= now
      guard let key = try await environment.store.fileKey(of: label.consultation), !isOver else {
        await remove(name)
        continue
      }
      if known != nil {
        if await take(name, label, key: key) { continue }
      } else if let content = await adopt(name, label, key: key) {
        try await keep(content, in: environment)
        environment.logger.notice(
          "closed a recording that an earlier process left open",
          metadata: ["consultation": "\(label.consultation)", "file": "\(label.file)"])
        continue
      }
      environment.logger.warning(
        "a recording cannot be read",
        metadata: ["consultation": "\(label.consultation)", "file": "\(label.file)"])
    }
  }

  private func keep(_ content: Content, in environment: RoomEnvironment) async throws {
    let label = content.label
    let base = environment.configuration.publicURL ?? ""
    do throws(RecordStoreError) {
      try await environment.store.keep(
        FileRecord(
          id: label.file, consultation: label.consultation, owner: label.participant, type: .webm,
          size: content.size, sha256: content.sha256, isAside: false, at: label.began,
          keptUntil: label.keptUntil),
        link: base + "/v1/consultations/\(label.consultation)/files/\(label.file)",
        isWhole: content.isWhole, at: environment.clock.wall())
    } catch {
      switch error {
      // It was erased meanwhile.
      case .noSuchConsultation: await discard(label.file)
      case .exists: break
      default: throw error
      }
    }
  }
}

internal import Consultation
internal import Logging
internal import MediaEngine
internal import Transport
internal import Wire

/// Still images on request of a physician.
extension RoomSession {
  /// What runs for one.
  struct RunningCapture {
    var tap: PacketTap
    var task: Task<Void, Never>?
  }

  /// Packets that wait for the decoder: some keyframes.
  private static let tapCapacity = 512

  /// Begins; the reply comes when the picture was shared, or could not be taken.
  func captureImage(
    of track: TrackID, by session: ParticipantSession, re: String?
  ) async throws(SignalingError) {
    guard let stills = environment.stills, environment.files != nil else {
      throw SignalingError(.notFound, "this server takes no still images")
    }
    var next = room
    let effects: [RoomEffect]
    do throws(RoomError) {
      effects = try next.beginCapture(of: track, by: session.id)
    } catch {
      throw SignalingError(error)
    }
    guard case .captureBegan(let capture) = effects.first,
      let bindings = sessions[capture.subject]?.payloads(of: PublicationID(track))
    else { throw SignalingError(RoomError.noSuchTrack) }
    // Nothing is decoded that a crash would hide.
    try await write(effects)
    room = next
    environment.logger.info("still image begins", metadata: metadata(capture))
    settle(effects)
    let tap = PacketTap(capacity: Self.tapCapacity)
    let publication = PublicationID(track)
    let worker = worker
    worker.send([.addTap(publication, tap)])
    let task = Task { [weak self] in
      let result: Result<[UInt8], StillImageRefusal>
      do throws(StillImageRefusal) {
        result = .success(
          try await stills.still(from: tap, bindings: bindings) {
            worker.send([.askKeyframe(publication)])
          })
      } catch {
        result = .failure(error)
      }
      worker.send([.removeTap(publication, tap)])
      await self?.finish(capture, result, re: re)
    }
    captures[capture] = RunningCapture(tap: tap, task: task)
  }

  /// Ends at once what may not go on in `next`.
  func stopCaptures(in next: Room) {
    for (capture, running) in captures where !next.mayCapture(capture) {
      worker.send([.removeTap(PublicationID(capture.track), running.tap)])
      running.task?.cancel()
    }
  }

  /// To all who may know of the participant, and to itself: what is done with what it publishes.
  func tellHooks(of participant: ParticipantID) {
    let message = ServerMessage.hooks(
      participant: participant.rawValue, hooks: room.hooks(of: participant) ?? [])
    for (viewer, session) in sessions
    where viewer == participant || room.mayKnow(viewer, of: participant) {
      session.link?.send(message)
    }
  }

  private func finish(
    _ capture: ImageCapture, _ result: Result<[UInt8], StillImageRefusal>, re: String?
  ) async {
    await exclusively { () async in
      let running = captures.removeValue(forKey: capture)
      if let dropped = running?.tap.dropped, dropped > 0 {
        environment.logger.notice(
          "a still image did not get all packets",
          metadata: metadata(capture).merging(["dropped": "\(dropped)"]) { $1 })
      }
      let link = sessions[capture.actor]?.link
      do throws(SignalingError) {
        let octets: [UInt8]
        do throws(StillImageRefusal) { octets = try result.get() } catch {
          throw SignalingError(error)
        }
        try await share(capture, octets)
        if let re { link?.send(.accepted(re: re)) }
      } catch {
        let effects = room.abandon(capture)
        await recorder.note(effects)
        settle(effects)
        environment.logger.info("no still image", metadata: metadata(capture))
        link?.send(.error(error, fatal: false, re: re))
      }
    }
  }

  private func share(_ capture: ImageCapture, _ octets: [UInt8]) async throws(SignalingError) {
    guard let shelf = environment.files else { throw SignalingError(StillImageRefusal.noPicture) }
    var random = SecretRandom()
    let file = FileID.random(using: &random)
    let key: [UInt8]?
    do throws(RecordStoreError) { key = try await environment.store.fileKey(of: id) } catch {
      throw SignalingError(.internal, "the picture could not be kept: try again")
    }
    let handover = handover(of: file)
    let content: FileShelf.Content
    do throws(FileShelf.Failure) {
      content = try await shelf.put(
        file, in: id, octets: octets, until: handover?.until, key: key)
    } catch {
      throw SignalingError(.full, "the server has no room for the picture now: try again later")
    }
    var next = room
    do throws(SignalingError) {
      let effects: [RoomEffect]
      do throws(RoomError) {
        effects = try next.finish(
          capture, as: file, type: content.type, size: content.size, sha256: content.sha256,
          handover: handover)
      } catch {
        throw SignalingError(error)
      }
      try await write(effects)
      room = next
      let now = environment.clock.wall()
      announce(effects, name: "image-\(now.description.prefix(19)).png", at: now)
      environment.logger.info("still image", metadata: metadata(capture))
    } catch {
      await shelf.discard(file)
      throw error
    }
  }

  private func metadata(_ capture: ImageCapture) -> Logger.Metadata {
    [
      "consultation": "\(id)", "participant": "\(capture.actor)", "subject": "\(capture.subject)",
      "publication": "\(capture.track)",
    ]
  }
}

extension ParticipantSession {
  /// The payload types under which it sends a publication.
  func payloads(of publication: PublicationID) -> [PayloadBinding]? {
    connections.first { $0.publications.contains(publication) }?.negotiation
      .payloads(of: publication)
  }
}

extension Room {
  /// What is done with what the participant publishes, besides forwarding; `nil`: nothing.
  func hooks(of participant: ParticipantID) -> [String]? {
    var hooks: [String] = []
    if captures.contains(where: { $0.subject == participant }) { hooks.append("still-image") }
    if renditions.contains(where: { $0.subject == participant }) { hooks.append("downscale") }
    if measurements.contains(where: { $0.subject == participant }) { hooks.append("loudness") }
    if mixes.contains(where: { $0.voices.contains { $0.subject == participant } }) {
      hooks.append("mix")
    }
    if isRecording, isAdmitted(participant) { hooks.append("recording") }
    return hooks.isEmpty ? nil : hooks
  }
}

extension SignalingError {
  init(_ refusal: StillImageRefusal) {
    switch refusal {
    case .codec:
      self.init(
        .wrongState, "still images are taken of VP8, and this publication is of another codec")
    case .noPicture:
      self.init(.wrongState, "no picture of this publication came: is the camera on?")
    case .busy: self.init(.busy, "too much is decoded on this server now: try again")
    }
  }
}

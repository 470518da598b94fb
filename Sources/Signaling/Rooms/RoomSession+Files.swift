internal import Consultation
internal import Logging

/// Who may share and fetch files. Their content is on the shelf, their names in memory alone.
extension RoomSession {
  /// - Throws: `unauthorized` to who is not here (any more).
  func holder(of token: ResumeToken) throws(SignalingError) -> ParticipantID {
    guard let session = sessions[token.participant], session.resumeToken.matches(token) else {
      throw SignalingError(
        .unauthorized,
        "files are for who is in the consultation: the bearer token is `resume.token`")
    }
    return session.id
  }

  /// Whether this participant may begin to share something now.
  func mayShare(_ participant: ParticipantID, limits: FileLimits) throws(SignalingError) {
    do throws(RoomError) { _ = try room.recipients(of: participant) } catch {
      throw SignalingError(error)
    }
    guard room.files.count < limits.countInConsultation else {
      throw SignalingError(
        .wrongState, "\(limits.countInConsultation) files were shared here, as many as may be")
    }
  }

  /// All of a file is there. Returns the entry that everyone gets.
  func share(
    _ id: FileID, _ content: FileShelf.Content, name: String, of token: ResumeToken
  ) async throws(SignalingError) -> FileMessage {
    try await exclusively { () async throws(SignalingError) in
      let owner = try holder(of: token)
      var next = room
      let effects: [RoomEffect]
      do throws(RoomError) {
        effects = try next.share(
          id, of: owner, type: content.type, size: content.size, sha256: content.sha256,
          handover: handover(of: id))
      } catch {
        throw SignalingError(error)
      }
      try await write(effects)
      guard let file = next.files.last else { throw SignalingError(RoomError.noSuchFile) }
      room = next
      await environment.files?.keep(id, until: file.handover?.until)
      environment.logger.info(
        "file shared",
        metadata: [
          "consultation": "\(self.id)", "participant": "\(owner)", "file": "\(id)",
          "type": "\(file.type.rawValue)", "size": "\(file.size)",
        ])
      announce(effects, name: name, at: environment.clock.wall())
      return FileMessage(file, self)
    }
  }

  /// What was shared, to all who may have it.
  func announce(_ effects: [RoomEffect], name: String, at now: WallClock) {
    for case .shared(let file) in effects { fileNames[file.id] = (name, now) }
    settle(effects)
    for case .shared(let file) in effects {
      let message = FileMessage(file, self)
      for participant in file.recipients + [file.owner] {
        sessions[participant]?.link?.send(.file(message))
      }
    }
  }

  /// A participant fetches a file: that is in the record before it begins.
  func fetch(
    _ id: FileID, with token: ResumeToken
  ) async throws(SignalingError) -> (file: SharedFile, name: String) {
    try await exclusively { () async throws(SignalingError) in
      let reader = try holder(of: token)
      let found: (SharedFile, [RoomEffect])
      do throws(RoomError) { found = try room.fetch(id, by: reader) } catch {
        throw SignalingError(error)
      }
      try await write(found.1)
      return (found.0, fileNames[id]?.name ?? "")
    }
  }

  func files(for participant: ParticipantID) -> [FileMessage] {
    room.files(for: participant).map { FileMessage($0, self) }
  }

  /// Nobody is here any more.
  func clearFiles() {
    guard let shelf = environment.files else { return }
    Task { [id] in await shelf.clear(id) }
  }

  func handover(of id: FileID) -> SharedFile.Handover? {
    guard let limits = environment.files?.limits, limits.handover > 0 else { return nil }
    let base = environment.configuration.publicURL ?? ""
    return SharedFile.Handover(
      until: environment.clock.wall().advanced(bySeconds: Int64(limits.handover)),
      link: base + "/v1/consultations/\(self.id)/files/\(id)")
  }
}

extension FileMessage {
  fileprivate init(_ file: SharedFile, _ room: isolated RoomSession) {
    let owner = room.room[file.owner]
    let named = room.fileNames[file.id]
    self.init(
      id: file.id.rawValue, participant: file.owner.rawValue, role: owner?.role.rawValue ?? "",
      name: owner?.name?.rawValue ?? "", file: named?.name ?? "", type: file.type.mediaType,
      size: file.size, sha256: file.sha256, at: named?.at.description ?? "", aside: file.isAside,
      to: file.recipients.map(\.rawValue))
  }
}

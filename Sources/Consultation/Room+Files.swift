/// Files go where words go; see `Room.mayTell`.
extension Room {
  /// A file whose content is there. It is for all who may be told now.
  public mutating func share(
    _ id: FileID, of owner: ParticipantID, type: FileType, size: Int, sha256: String,
    handover: SharedFile.Handover?
  ) throws(RoomError) -> [RoomEffect] {
    let file = SharedFile(
      id: id, owner: owner, type: type, size: size, sha256: sha256, isAside: isAside,
      recipients: try recipients(of: owner), handover: handover)
    files.append(file)
    return [.shared(file)]
  }

  /// What this participant has shared or may be shown, in the order of sharing.
  public func files(for id: ParticipantID) -> [SharedFile] {
    guard isAdmitted(id) else { return [] }
    return files.filter { $0.owner == id || $0.recipients.contains(id) }
  }

  /// A participant fetches the content.
  public func fetch(
    _ id: FileID, by reader: ParticipantID
  ) throws(RoomError) -> (SharedFile, [RoomEffect]) {
    guard try present[index(of: reader)].admission.isInside else { throw .waiting }
    guard let file = files(for: reader).first(where: { $0.id == id }) else { throw .noSuchFile }
    guard !isAside || isInAside(reader) else { throw .onHold }
    // A consent that was withdrawn holds for what was shared before it, too.
    if let receiver = self[reader], let sender = self[file.owner], reader != file.owner {
      guard isConsented(sender, receiver) else { throw .noSuchFile }
    }
    return (file, [.fetched(reader, id)])
  }
}

/// Still images: taken by a physician, of a picture that shows the patient, with the consent of every patient who
/// is there. Without that consent nothing is decoded.
extension Room {
  /// - Throws: `consentMissing` where it was not asked, not decided, refused or withdrawn; `encrypted`.
  public mutating func beginCapture(
    of track: TrackID, by actor: ParticipantID
  ) throws(RoomError) -> [RoomEffect] {
    let physician = present[try index(of: actor)]
    guard physician.role.allows(.captureImages) else {
      throw .forbidden(physician.role, .captureImages)
    }
    guard let (owner, publication) = publication(track), mayReceive(actor, track),
      !publication.source.isAudio, self[owner]?.role.showsPatient == true
    else { throw .noSuchTrack }
    guard isAgreedByPatients(.imageCapture) else { throw .consentMissing(.imageCapture) }
    guard !publication.isEncrypted else { throw .encrypted(track) }
    guard !captures.contains(where: { $0.track == track }) else { throw .captureUnderWay }
    let capture = ImageCapture(track: track, subject: owner, actor: actor)
    captures.append(capture)
    return [.captureBegan(capture)]
  }

  /// Whether it may go on.
  public func mayCapture(_ capture: ImageCapture) -> Bool {
    guard captures.contains(capture), let (owner, publication) = publication(capture.track) else {
      return false
    }
    // What was seen before the mute is as private as what comes after it.
    return owner == capture.subject && !publication.muted
      && mayReceive(capture.actor, capture.track) && isAgreedByPatients(.imageCapture)
  }

  /// There was no picture, or it may not be taken any more.
  public mutating func abandon(_ capture: ImageCapture) -> [RoomEffect] {
    guard captures.contains(capture) else { return [] }
    captures.removeAll { $0 == capture }
    return [.captureEnded(capture, nil)]
  }

  /// The picture is there, as a file that the physician shares.
  public mutating func finish(
    _ capture: ImageCapture, as id: FileID, type: FileType, size: Int, sha256: String,
    handover: SharedFile.Handover?
  ) throws(RoomError) -> [RoomEffect] {
    guard mayCapture(capture) else { throw .consentMissing(.imageCapture) }
    let shared = try share(
      id, of: capture.actor, type: type, size: size, sha256: sha256, handover: handover)
    captures.removeAll { $0 == capture }
    return [.captureEnded(capture, id)] + shared
  }

  private func isAgreedByPatients(_ purpose: ConsentPurpose) -> Bool {
    let patients = roster.filter { $0.role == .patient }
    return consentText(purpose) != nil && !patients.isEmpty
      && patients.allSatisfy {
        decision(ConsentQuestion(purpose, of: $0.id, about: nil)) == .given
      }
  }
}

extension ParticipantRole {
  /// Whose camera is on the patient.
  var showsPatient: Bool { self == .patient || self == .assistant }
}

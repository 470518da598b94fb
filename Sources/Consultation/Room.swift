/// The rules of one consultation as a pure state machine: who is there, what they publish, who may
/// receive it. A verb either changes the room and says how, or throws and changes nothing.
///
/// Everything is bounded: participants by `participantLimit`, tracks by one a source.
public struct Room: Sendable {
  public let id: ConsultationID
  public let kind: ConsultationKind
  /// See `ConsultationRecord.leastDelay`.
  public let leastDelay: Bool
  /// See `ConsultationRecord.hasWaitingRoom`.
  public let hasWaitingRoom: Bool
  /// When one may come in.
  public let window: AppointmentWindow
  /// What people are asked before media passes; see `ConsultationRecord.consents`.
  public let consents: [ConsentText]
  var decisions: [ConsentQuestion: ConsentEntry] = [:]
  /// Of those inside; as many may wait.
  public let participantLimit: Int
  public private(set) var state: ConsultationState
  /// Everyone who is here, those who wait among them, in the order of joining.
  public internal(set) var present: [Participant] = []
  /// Physicians and experts speak among themselves, and everyone else is on hold.
  public internal(set) var isAside = false
  /// Which physician is in charge; `nil` while none is inside.
  public internal(set) var inCharge: ParticipantID?
  /// Who was, while nobody is.
  var lastInCharge: ParticipantID?
  /// The next physician who comes takes charge.
  public internal(set) var isChargeOffered = false
  var log = ChatLog()
  /// What was shared since somebody came.
  public internal(set) var files: [SharedFile] = []
  /// Still images that are being taken.
  public internal(set) var captures: [ImageCapture] = []
  /// Smaller pictures that are being made.
  public internal(set) var renditions: [Rendition] = []
  /// Microphones of which it is measured how loud they are.
  public internal(set) var measurements: [SoundMeasurement] = []
  /// Voices that are being put together, one mix a listener at most.
  public internal(set) var mixes: [VoiceMix] = []
  /// Nothing goes to or comes from bridges, of which there are some.
  public internal(set) var areBridgesPaused = false
  /// What goes on of it, if anything.
  public internal(set) var recording: Recording?
  /// Who may not come in again.
  private var bans: Set<BearerMark>
  private var suspensions: UInt64 = 0

  /// A consultation as the record has it, with nobody there.
  public init(_ record: ConsultationRecord, participantLimit: Int) {
    id = record.id
    kind = record.kind
    leastDelay = record.leastDelay
    hasWaitingRoom = record.hasWaitingRoom
    consents = record.consents
    window = record.window
    state = record.state == .ended ? .ended : .open
    bans = record.bans
    self.participantLimit = max(1, participantLimit)
  }

  /// Those inside, in the order of joining.
  public var roster: [Participant] { present.filter(\.admission.isInside) }

  public subscript(_ id: ParticipantID) -> Participant? { present.first { $0.id == id } }

  // MARK: Coming and going

  /// - Parameters:
  ///   - bearer: whose token it is; refused when banned.
  ///   - bridge: how, where it is not by a browser.
  public mutating func join(
    _ id: ParticipantID, role: ParticipantRole, name: DisplayName?,
    claims: IdentityClaims = IdentityClaims(), bearer: BearerMark? = nil,
    bridge: Bridge? = nil, at now: WallClock
  ) throws(RoomError) -> [RoomEffect] {
    guard state != .ended else { throw .ended }
    guard role.mayJoin(self.id), kind.admits(role) else { throw .notAdmitted(role) }
    try window.check(now)
    if let bearer, bans.contains(bearer) { throw .banned }
    guard self[id] == nil else { throw .alreadyPresent }
    if let bridge { try check(bridge, role) }
    let admission: Admission = holdsBack(role) ? .waiting : .admitted
    // Those who wait take nobody's place inside.
    guard present.count(where: { $0.admission.isInside == admission.isInside }) < participantLimit
    else {
      throw .full(limit: participantLimit)
    }
    var effects: [RoomEffect] = present.isEmpty ? [.sittingBegan] : []
    let participant = Participant(
      id: id, role: role, name: name, joinedAt: now, claims: claims, admission: admission,
      bridge: bridge)
    present.append(participant)
    effects.append(.joined(participant))
    if let bridge { effects.append(.bridgeBegan(id, bridge)) }
    if admission == .waiting { effects.append(.waiting(id)) }
    return effects + takeChargeOnArrival(id) + activation() + reviewRules()
  }

  /// The signaling connection is lost; the participant stays on the roster and media goes on.
  /// Nothing when that is known already.
  public mutating func suspend(_ id: ParticipantID) throws(RoomError) -> [RoomEffect] {
    let at = try index(of: id)
    guard present[at].presence.isConnected else { return [] }
    suspensions &+= 1
    let suspension = Participant.Suspension(number: suspensions)
    present[at].presence = .reconnecting(suspension)
    return [.suspended(id, suspension)]
  }

  /// The same participant on a new signaling connection. Nothing when the loss of the old one was
  /// not noticed yet.
  public mutating func resume(_ id: ParticipantID) throws(RoomError) -> [RoomEffect] {
    let at = try index(of: id)
    guard !present[at].presence.isConnected else { return [] }
    present[at].presence = .connected
    return [.resumed(id)]
  }

  /// The time to resume is over. Nothing when the participant has resumed or left since.
  public mutating func expire(
    _ id: ParticipantID, _ suspension: Participant.Suspension
  ) -> [RoomEffect] {
    guard let at = present.firstIndex(where: { $0.id == id }),
      present[at].presence == .reconnecting(suspension)
    else { return [] }
    return depart(at, .connectionLost)
  }

  public mutating func leave(
    _ id: ParticipantID, reason: LeaveReason
  ) throws(RoomError) -> [RoomEffect] {
    depart(try index(of: id), reason)
  }

  /// Takes someone out, and with `removal.banned` keeps the bearer of that token out. The role is that
  /// of a token: the backend is on no roster.
  public mutating func remove(
    _ id: ParticipantID, _ removal: Removal
  ) throws(RoomError) -> [RoomEffect] {
    guard removal.role.allows(.removeOthers) else { throw .forbidden(removal.role, .removeOthers) }
    guard removal.actor != id else { throw .removesItself }
    let at = try index(of: id)
    if let banned = removal.banned { bans.insert(banned) }
    return [.removed(id, removal)] + depart(at, .removed)
  }

  /// Ends the consultation for good, on behalf of `actor`.
  public mutating func end(by actor: ParticipantRole) throws(RoomError) -> [RoomEffect] {
    guard actor.allows(.endConsultation) else { throw .forbidden(actor, .endConsultation) }
    guard state != .ended else { throw .ended }
    var effects = dismiss(.ended)
    state = .ended
    effects.append(.stateChanged(.ended))
    effects.append(.ended(.ended))
    return effects
  }

  /// Everybody is gone (the server stops); the consultation can be entered again later.
  public mutating func dismiss(_ reason: LeaveReason) -> [RoomEffect] {
    // Nobody takes charge of what is over.
    (inCharge, lastInCharge, isChargeOffered) = (nil, nil, false)
    var effects = endRecording(reason == .ended ? .consultation : .interrupted, by: nil)
    // Bridges first: they are not left behind, they end with the others.
    while let at = present.lastIndex(where: { $0.bridge != nil }) { effects += depart(at, reason) }
    while !present.isEmpty { effects += depart(present.count - 1, reason) }
    return effects
  }

  // MARK: Within

  /// Two are inside for the first time since somebody came.
  mutating func activation() -> [RoomEffect] {
    guard state == .open, roster.count >= 2 else { return [] }
    state = .active
    return [.stateChanged(.active)]
  }

  func index(of id: ParticipantID) throws(RoomError) -> Int {
    guard let at = present.firstIndex(where: { $0.id == id }) else {
      throw state == .ended ? .ended : .noSuchParticipant
    }
    return at
  }

  /// What depends on who is inside and who has agreed.
  mutating func reviewRules() -> [RoomEffect] { reviewRecording() + reviewBridges() }

  /// - Parameter bridgeEnd: `nil`: as the reason says.
  mutating func depart(
    _ at: Int, _ reason: LeaveReason, _ bridgeEnd: BridgeEnd? = nil
  ) -> [RoomEffect] {
    let gone = present.remove(at: at)
    forgetDecisions(about: gone.id)
    var effects = gone.publications.map { RoomEffect.unpublished(gone.id, $0.track, $0.source) }
    if !gone.admission.isInside { effects.append(.waitingEnded(gone.id)) }
    if gone.bridge != nil {
      effects.append(.bridgeEnded(gone.id, bridgeEnd ?? BridgeEnd(reason)))
    }
    effects.append(.left(gone.id, reason))
    effects += endAsideIfAbandoned()
    effects += passOnCharge()
    effects += reviewRecording()
    log.keep(whatIsReadableBy: present)
    // Who leaves bridges behind is followed by them.
    let isLast = present.isEmpty
    effects += reviewBridges()
    if isLast {
      if state == .active {
        state = .open
        effects.append(.stateChanged(.open))
      }
      files = []
      effects.append(.sittingEnded(reason))
    }
    return effects
  }
}

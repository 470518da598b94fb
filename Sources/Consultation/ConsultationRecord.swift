/// A consultation as it is kept.
public struct ConsultationRecord: Hashable, Sendable {
  public let id: ConsultationID
  public let kind: ConsultationKind
  public let createdAt: WallClock
  /// Its media should not wait for other media, whatever that costs the server.
  public let leastDelay: Bool
  /// Whoever may not admit others waits to be let in.
  public let hasWaitingRoom: Bool
  /// What people are asked before media passes, at most one text for each purpose.
  public let consents: [ConsentText]
  public let window: AppointmentWindow
  /// Whose it is, in words of the program that books; for indicators.
  public let unit: Unit
  public internal(set) var state: ConsultationState
  /// When and why it ended for good.
  public internal(set) var end: Ending?
  /// Each time that people were there, oldest first.
  public internal(set) var sittings: [Sitting]
  /// Who may not come in again.
  public internal(set) var bans: Set<BearerMark>
  /// When who took part was made unreadable.
  public internal(set) var erasedAt: WallClock?

  /// A new one, not entered yet.
  public init(
    id: ConsultationID, kind: ConsultationKind, createdAt: WallClock, leastDelay: Bool = false,
    hasWaitingRoom: Bool = false, consents: [ConsentText] = [],
    window: AppointmentWindow = .always, unit: Unit = Unit()
  ) {
    self.init(
      id: id, kind: kind, createdAt: createdAt, leastDelay: leastDelay,
      hasWaitingRoom: hasWaitingRoom, consents: consents, window: window, unit: unit, state: .open,
      end: nil, sittings: [])
  }

  /// As a store has kept it.
  public init(
    id: ConsultationID, kind: ConsultationKind, createdAt: WallClock, leastDelay: Bool,
    hasWaitingRoom: Bool, consents: [ConsentText] = [], window: AppointmentWindow = .always,
    unit: Unit = Unit(), state: ConsultationState, end: Ending?,
    sittings: [Sitting], bans: Set<BearerMark> = [], erasedAt: WallClock? = nil
  ) {
    self.id = id
    self.kind = kind
    self.createdAt = createdAt
    self.leastDelay = leastDelay
    self.hasWaitingRoom = hasWaitingRoom
    self.consents = consents
    self.window = window
    self.unit = unit
    self.state = state
    self.end = end
    self.sittings = sittings
    self.bans = bans
    self.erasedAt = erasedAt
  }

  /// Load tests are kept like any other, but are no medical acts.
  public var countsAsAct: Bool { !id.isLoadTest }

  /// An organisation and one of its services: codes, not people.
  public struct Unit: Hashable, Sendable {
    public var organisation: ConsultationID?
    public var service: ConsultationID?

    public init(organisation: ConsultationID? = nil, service: ConsultationID? = nil) {
      self.organisation = organisation
      self.service = service
    }
  }

  public struct Ending: Hashable, Sendable {
    public let at: WallClock
    public let reason: LeaveReason

    public init(at: WallClock, reason: LeaveReason) {
      self.at = at
      self.reason = reason
    }
  }

  /// From the moment somebody is there until everybody has left.
  public struct Sitting: Hashable, Sendable {
    public let beganAt: WallClock
    public internal(set) var end: Ending?

    public init(beganAt: WallClock, end: Ending?) {
      self.beganAt = beganAt
      self.end = end
    }
  }
}

/// One presence of a participant. Who comes back after leaving has another one.
public struct ParticipantRecord: Hashable, Sendable {
  public let id: ParticipantID
  public let role: ParticipantRole
  public let name: DisplayName?
  public let joinedAt: WallClock
  public let claims: IdentityClaims
  /// Oldest first; empty for who went straight in.
  public internal(set) var passages: [Passage]
  /// How device and path were found while it waited, oldest first.
  public internal(set) var checks: [CheckRecord]
  public internal(set) var end: ConsultationRecord.Ending?

  public init(
    id: ParticipantID, role: ParticipantRole, name: DisplayName?, joinedAt: WallClock,
    claims: IdentityClaims = IdentityClaims(), passages: [Passage] = [],
    checks: [CheckRecord] = [], end: ConsultationRecord.Ending?
  ) {
    self.id = id
    self.role = role
    self.name = name
    self.joinedAt = joinedAt
    self.claims = claims
    self.passages = passages
    self.checks = checks
    self.end = end
  }

  public struct CheckRecord: Hashable, Sendable {
    public let check: ConnectionCheck
    public let at: WallClock

    public init(_ check: ConnectionCheck, at: WallClock) {
      self.check = check
      self.at = at
    }
  }

  /// Into the waiting room or out of it.
  public struct Passage: Hashable, Sendable {
    public let event: DoorEvent
    public let at: WallClock
    /// Who let in or put back; `nil` for who came and waits.
    public let by: ParticipantID?

    public init(_ event: DoorEvent, at: WallClock, by: ParticipantID?) {
      self.event = event
      self.at = at
      self.by = by
    }
  }
}

internal import Consultation

/// A consultation as REST shows it.
struct ConsultationView: Encodable, Equatable {
  var id: String
  var kind: String
  var leastDelay: Bool
  var waitingRoom: Bool
  /// What people are asked before media passes.
  var consents: [ConsentTextView]
  /// When one may come in.
  var notBefore: String?
  var notAfter: String?
  var state: String
  var createdAt: String
  var endedAt: String?
  var endReason: String?
  /// When who took part was made unreadable.
  var erasedAt: String?
  var organisation: String?
  var service: String?
  /// Of one that is read by itself.
  var act: Act?

  /// By the media that passed between patient and physician.
  struct Act: Encodable, Equatable {
    var outcome: String
    var mediaSeconds: Int
    var videoSeconds: Int

    init(_ time: MediaTime, _ rule: ActRule) {
      outcome = rule.outcome(of: time).rawValue
      mediaSeconds = time.media
      videoSeconds = time.video
    }
  }

  /// - Parameter live: what the room says, which may be ahead of the record.
  init(_ record: ConsultationRecord, live: ConsultationState?) {
    id = record.id.rawValue
    kind = record.kind.rawValue
    leastDelay = record.leastDelay
    waitingRoom = record.hasWaitingRoom
    notBefore = record.window.notBefore?.description
    notAfter = record.window.notAfter?.description
    consents = record.consents.map { ConsentTextView($0, withWords: false) }
    state = (record.state == .ended ? .ended : live ?? record.state).rawValue
    createdAt = record.createdAt.description
    endedAt = record.end?.at.description
    endReason = record.end?.reason.rawValue
    erasedAt = record.erasedAt?.description
    organisation = record.unit.organisation?.rawValue
    service = record.unit.service?.rawValue
  }
}

struct InvitationView: Encodable, Equatable {
  var id: String
  var role: String
  var token: String
  var link: String
  var expires: String
}

/// One presence of a participant.
struct ParticipantView: Encodable, Equatable {
  var id: String
  var role: String
  var name: String
  /// `connected`, `reconnecting` or `left`.
  var state: String
  /// Is in the waiting room now.
  var waiting: Bool
  var joinedAt: String
  var leftAt: String?
  var reason: String?
  /// The claims of the token: absent where it had none.
  var acr: String?
  var professional: String?
  var identityStatus: String?
  /// Into the waiting room and out of it, oldest first.
  var passages: [Passage]
  /// How device and path were found while it waited, oldest first.
  var checks: [CheckView]

  struct Passage: Encodable, Equatable {
    var event: String
    var at: String
    var by: String?
  }

  init(_ record: ParticipantRecord, present: [(entry: RosterEntry, isWaiting: Bool)]) {
    id = record.id.rawValue
    role = record.role.rawValue
    name = record.name?.rawValue ?? ""
    joinedAt = record.joinedAt.description
    leftAt = record.end?.at.description
    reason = record.end?.reason.rawValue
    acr = record.claims.assurance
    professional = record.claims.professional
    identityStatus = record.claims.identityStatus
    let found = record.end == nil ? present.first { $0.entry.id == record.id.rawValue } : nil
    state = found?.entry.state.rawValue ?? "left"
    waiting = found?.isWaiting ?? false
    passages = record.passages.map {
      Passage(event: $0.event.rawValue, at: $0.at.description, by: $0.by?.rawValue)
    }
    checks = record.checks.map { CheckView($0.check, at: $0.at) }
  }
}

struct OperationsView: Encodable {
  struct Room: Encodable {
    var id: String
    var state: String
    var participants: Int
    /// Absent for the first seconds.
    var quality: QualityTile?
  }

  struct Worker: Encodable {
    var index: Int
    /// Share of the time at work, 0...1.
    var load: Double
    /// Share of turns that took longer than 5 ms, 0...1.
    var slowTurns: Double
    /// Share of packet slots in use, 0...1.
    var arenaUse: Double
    var peers: Int
    var isOverloaded: Bool
    /// Somebody new can come in here.
    var isOpen = true

    enum CodingKeys: String, CodingKey {
      case index, load, slowTurns, arenaUse, peers
      case isOverloaded = "overloaded"
      case isOpen = "open"
    }
  }

  /// Whether somebody new can come in.
  struct Admission: Encodable {
    /// `open`, `full` or `overloaded`.
    var state: String
    /// Participants; absent: none is configured.
    var limit: Int?
    /// Joins refused as busy, since the start.
    var refused: Int
  }

  var participants: Int
  var admission: Admission
  var consultations: [Room]
  var workers: [Worker]
}

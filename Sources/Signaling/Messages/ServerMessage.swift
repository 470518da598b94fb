internal import Consultation

/// A message to the client (Docs/Protocol.md). Identifiers are text here: the protocol's own words.
enum ServerMessage: Equatable, Sendable {
  case joined(Joined, re: String?)
  case answer(sdp: String, tracks: [AnsweredTrack], re: String?)
  /// To who asked for a check.
  case checkAnswer(way: String, sdp: String, seconds: Int, re: String?)
  /// To who was checked, and without `re` to those who may let in.
  case checked(participant: String, CheckView, re: String?)
  case participantJoined(RosterEntry)
  case participantLeft(participant: String, reason: String)
  /// To those who may let in: somebody waits.
  case waitingJoined(RosterEntry)
  /// To the same: somebody waits no more; `reason` is `admitted` or `left`.
  case waitingLeft(participant: String, reason: String)
  /// To who was put back into the waiting room.
  case waiting
  /// To who waited: what `joined` says of who is here.
  case admitted(
    consultation: ConsultationEntry, roster: [RosterEntry], aside: AsideState = .none,
    inCharge: String? = nil, recording: String? = nil, soundOnly: [String] = [])
  /// To everyone inside, when a private aside begins or ends: what it is to the reader.
  case aside(AsideState, re: String? = nil)
  /// To everyone inside: which physician is in charge now.
  case charge(participant: String, from: String?, reason: String)
  /// To who has written and to all who may read it.
  case chat(ChatMessage, re: String?)
  /// To who has shared it and to all who may fetch it.
  case file(FileMessage)
  /// To all who may know of the participant, and to itself: what is done with what it publishes.
  case hooks(participant: String, hooks: [String])
  /// To everyone inside: `on`, `paused` or `off`; by whom and, of an end, why. `soundOnly`: who sends a picture that
  /// is not recorded.
  case recording(state: String, participant: String?, reason: String?, soundOnly: [String] = [])
  /// What one is asked, and may know of what others are: the whole list, when something of it changes.
  case consents([ConsentStatus])
  case participantUpdated(participant: String, state: ParticipantPresence)
  /// - Parameter more: another one of the same participant follows at once.
  case published(participant: String, RosterPublication, more: Bool = false)
  case unpublished(participant: String, publication: String, re: String?)
  case muted(participant: String, publication: String, muted: Bool, re: String?)
  /// What counts more in a picture from now on.
  case prioritized(participant: String, publication: String, priority: TrackPriority)
  /// To the viewer and to who publishes.
  case adapted(Adaptation)
  /// Of a simulcast publication of the client: the encodings that are of use; the others need not be sent.
  case encodings(publication: String, active: [String])
  /// To who publishes.
  case encoding(EncodingLimit)
  case media(MediaState)
  case notice(code: NoticeCode, message: String)
  case removed(reason: String)
  case ended(reason: String, re: String?)
  case left(re: String?)
  case pong(re: String?)
  /// A message that needs no other answer was taken.
  case accepted(re: String)
  case error(SignalingError, fatal: Bool, re: String?)

  /// The server's view of the client's media connection.
  enum MediaState: String, Equatable, Sendable {
    case connecting, connected, disconnected, failed
  }

  enum ParticipantPresence: String, Equatable, Sendable {
    case connected, reconnecting
  }

  enum NoticeCode: String, Equatable, Sendable {
    case shuttingDown = "shutting-down"
    /// The client's media connection failed; a new offer brings it back.
    case mediaFailed = "media-failed"
  }

  struct Joined: Equatable, Sendable {
    var consultation: ConsultationEntry
    var participant: RosterEntry
    /// False in the waiting room.
    var isAdmitted = true
    var resumeToken: String
    /// How long the token is good after the connection is lost.
    var resumeSeconds: Int
    var resumed: Bool
    var roster: [RosterEntry]
    /// Who waits, for those who may let in.
    var waiting: [RosterEntry] = []
    /// What one is asked, and may know of what others are.
    var consents: [ConsentStatus] = []
    var aside = AsideState.none
    /// The physician in charge, to who is inside.
    var inCharge: String?
    /// `on` or `paused`; `nil`: nothing is recorded.
    var recording: String?
    /// Who sends a picture that is not recorded.
    var soundOnly: [String] = []
    /// What was written while the participant was inside.
    var chat: [ChatMessage] = []
    /// What was shared with the participant, or by it.
    var files: [FileMessage] = []
    /// What may be shared; `nil`: nothing.
    var sharing: SharingLimits?
    /// What is given up now of what the participant views, and for others of what it publishes.
    var adapted: [Adaptation] = []
    /// How it should encode, where that is limited.
    var encodings: [EncodingLimit] = []
    var iceServers: [ICEServer]
    /// Seconds between the server's WebSocket pings.
    var keepalive: Int
  }
}

struct ConsultationEntry: Equatable, Sendable, Encodable {
  var id: String
  var kind: String
  var state: String
  var waitingRoom = false
}

struct RosterEntry: Equatable, Sendable, Encodable {
  var id: String
  var role: String
  var name: String
  var state: ServerMessage.ParticipantPresence
  var publications: [RosterPublication]
  /// Of who waits, for those who may let in.
  var check: CheckView?
  /// What is done with what it publishes, besides forwarding.
  var hooks: [String]?
  /// `bridge`: of somebody who is here by no browser.
  var kind: String?
}

struct RosterPublication: Equatable, Sendable, Encodable {
  var id: String
  var kind: String
  var source: String
  var muted: Bool
  /// Of pictures.
  var priority: String?
  /// `true`, or nothing: end to end, as its publisher says.
  var encrypted: Bool?
}

/// What a private aside is to a participant.
enum AsideState: String, Equatable, Sendable, Encodable {
  /// There is none.
  case none
  /// One takes part.
  case inside
  /// One is on hold.
  case outside
}

struct ChatMessage: Equatable, Sendable, Encodable {
  var id: String
  /// Who has written it.
  var participant: String
  var role: String
  var name: String
  var text: String
  var at: String
  /// Within a private aside.
  var aside: Bool
  /// Who else could read it.
  var to: [String]
}

/// A file that was shared.
struct FileMessage: Equatable, Sendable, Encodable {
  var id: String
  /// Who has shared it.
  var participant: String
  var role: String
  var name: String
  /// What the file is called.
  var file: String
  /// The media type, as the content has it.
  var type: String
  var size: Int
  var sha256: String
  var at: String
  var aside: Bool
  /// Who else may fetch it.
  var to: [String]
}

struct SharingLimits: Equatable, Sendable, Encodable {
  /// Octets of one file.
  var size: Int
  /// Media types.
  var types: [String]
}

/// Something that somebody is asked, and the answer so far.
struct ConsentStatus: Equatable, Sendable, Encodable {
  /// Who is asked.
  var participant: String
  var purpose: String
  /// The third participant whom it is about.
  var about: String?
  /// `asked`, `given`, `refused` or `withdrawn`.
  var state: String
  var version: String
  /// In each language that it is offered in; to who is asked alone.
  var texts: [ConsentWording]?
}

struct ConsentWording: Equatable, Sendable, Encodable {
  var language: String
  var text: String
}

/// What became of one m= section.
struct AnsweredTrack: Equatable, Sendable, Encodable {
  var mid: String
  var direction: Direction
  var publication: String
  var participant: String
  var kind: String
  var source: String
  /// As the server has it: it may hold a mute that a reloaded page has forgotten.
  var muted: Bool

  enum Direction: String, Equatable, Sendable, Encodable {
    case publish, subscribe
  }
}

/// W3C `RTCIceServer`.
public struct ICEServer: Equatable, Sendable, Codable {
  public var urls: [String]
  public var username: String?
  public var credential: String?

  public init(urls: [String], username: String? = nil, credential: String? = nil) {
    self.urls = urls
    self.username = username
    self.credential = credential
  }
}

extension ServerMessage.ParticipantPresence: Encodable {}

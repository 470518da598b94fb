internal import Consultation

/// A message from the client, decoded and within bounds (Docs/Protocol.md).
struct ClientMessage: Equatable, Sendable {
  /// Comes back as `re` in the reply.
  var id: String?
  var body: Body

  enum Body: Equatable, Sendable {
    case join(JoinRequest)
    case offer(OfferRequest)
    /// Trickled candidates (RFC 8838). We are ICE-lite and learn addresses from checks, so that
    /// the content is not needed.
    case candidate(mid: String?, candidate: String)
    case mute(publication: String, muted: Bool)
    /// What counts more in the picture.
    case prioritize(publication: String, priority: TrackPriority)
    case unpublish(publication: String)
    case unsubscribe(publication: String)
    /// The size at which a picture is shown, in pixels of the screen; zero: not at all.
    case view(publication: String, width: Int, height: Int)
    /// What the client's `getStats` says; takes no answer.
    case stats(ClientStatistics)
    /// Whether the client's way to us carries pictures; it sends none where it does not.
    case uplink(carriesVideo: Bool)
    /// Lets a participant in that waits.
    case admit(participant: String)
    /// Puts a participant back into the waiting room.
    case hold(participant: String)
    /// Takes a participant out; with `ban` the bearer of that token may not come in again.
    case remove(participant: String, ban: Bool)
    /// Gives, refuses or withdraws a consent.
    case consent(ConsentAnswer)
    /// To all who may be told.
    case chat(text: String)
    /// Takes a still image of a publication.
    case capture(publication: String)
    /// Begins a recording, or ends it.
    case record(isActive: Bool)
    /// Begins a private aside, or ends it.
    case aside(isActive: Bool)
    /// Hands the consultation to another physician; `nil`: to the next who comes.
    case transfer(participant: String?)
    /// An offer of a connection that tries one way to the server, or measures it.
    case check(CheckRequest)
    /// The check is over: what the client found; what the server found comes with the answer.
    case checkReport(CheckReport)
    case leave
    case end
    case ping

    /// What someone in the waiting room may send. What a client has sent before it read that it was
    /// put back is no mistake of it.
    var isForWaiting: Bool {
      switch self {
      case .leave, .ping, .stats, .uplink, .candidate, .consent, .check, .checkReport: true
      case .join, .offer, .mute, .prioritize, .unpublish, .unsubscribe, .view, .admit, .hold,
        .remove, .chat, .capture, .record, .aside, .transfer, .end:
        false
      }
    }
  }

  struct JoinRequest: Equatable, Sendable {
    var credential: Credential
    /// Needed when the token is good for more than one consultation.
    var consultation: String?

    enum Credential: Equatable, Sendable {
      case token(String)
      case resume(String)
    }
  }

  struct ConsentAnswer: Equatable, Sendable {
    var purpose: ConsentPurpose
    /// The third participant whom it is about.
    var about: String?
    var isGiven: Bool
    /// Of the text that was read, and in which language.
    var version: String
    var language: String
  }

  struct CheckRequest: Equatable, Sendable {
    var way: CheckWay
    var offer: OfferRequest
  }

  struct CheckReport: Equatable, Sendable {
    var camera: ConnectionCheck.Device
    var microphone: ConnectionCheck.Device
    var tried: Set<ConnectionCheck.Route>
    var reached: Set<ConnectionCheck.Route>
  }

  struct OfferRequest: Equatable, Sendable {
    var sdp: String
    /// For each mid at most one that publishes and one that subscribes.
    var tracks: [TrackRequest]
  }

  /// What an m= section of the offer is for.
  struct TrackRequest: Equatable, Sendable {
    var mid: String
    var use: Use

    enum Use: Equatable, Sendable {
      /// `muted` is `nil` when the client does not say: then what was before stays.
      /// So is `isEncrypted`.
      case publish(source: String, muted: Bool?, isEncrypted: Bool? = nil)
      case subscribe(publication: String)
    }

    var isPublish: Bool {
      if case .publish = use { true } else { false }
    }
  }
}

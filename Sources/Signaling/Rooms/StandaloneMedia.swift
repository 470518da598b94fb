internal import Consultation

/// A media connection of WHIP or WHEP, as its HTTP response describes it.
struct StandaloneMedia: Equatable, Sendable {
  var participant: ParticipantID
  /// Of WHEP.
  var session: String?
  /// The SDP answer, or the fragment of an ICE restart.
  var answer: String
  var entityTag: String
}

/// Why WHIP or WHEP refused: what HTTP makes a status of.
enum StandaloneMediaRefusal: Error, Equatable, Sendable {
  /// 401 or 403.
  case token(TokenRefusal)
  /// 400: not SDP.
  case malformedSDP(String)
  /// 422: SDP that cannot be served.
  case unprocessableSDP(String)
  /// 404
  case notFound(String)
  /// 410: the consultation has ended.
  case gone(String)
  /// 409
  case conflict(String)
  /// 412: `If-Match` names another ICE session.
  case preconditionFailed
  /// 503
  case unavailable(String)
  case failed(String)

  init(_ error: SignalingError) {
    switch error.code {
    case .badSDP, .badField, .badJSON: self = .unprocessableSDP(error.message)
    case .notFound: self = .notFound(error.message)
    case .busy, .full: self = .unavailable(error.message)
    case .internal: self = .failed(error.message)
    default: self = .conflict(error.message)
    }
  }

  init(_ error: NegotiationError) {
    if case .malformed = error {
      self = .malformedSDP(error.description)
    } else {
      self = .unprocessableSDP(error.description)
    }
  }

  init(_ refusal: JoinRefusal) {
    if let token = refusal.token {
      self = .token(token)
      return
    }
    switch refusal.close {
    case .over: self = .gone(refusal.error.message)
    default: self.init(refusal.error)
    }
  }
}

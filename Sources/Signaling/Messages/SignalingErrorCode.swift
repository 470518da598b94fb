/// The `code` of an `error` message (Docs/Protocol.md).
enum SignalingErrorCode: String, Sendable, CaseIterable {
  /// Not a JSON object in UTF-8 text.
  case badJSON = "bad-json"
  case unknownType = "unknown-type"
  /// A field is missing, has the wrong type, or a value outside its bounds.
  case badField = "bad-field"
  /// The message or one of its fields is longer than allowed.
  case tooLarge = "too-large"
  /// The message makes no sense now, such as an `offer` before `join`.
  case wrongState = "wrong-state"
  /// The token is missing, forged, expired, or already used.
  case unauthorized
  /// The token is good; its role may not do this.
  case forbidden
  case notFound = "not-found"
  /// The consultation, or the server, has no place left.
  case full
  /// The appointment has not begun; `retryAfter` says in how many seconds it does.
  case tooEarly = "too-early"
  /// The appointment is over.
  case tooLate = "too-late"
  /// It is encrypted end to end, so that the server can neither see nor hear it.
  case encrypted
  case badSDP = "bad-sdp"
  /// Too much is waiting here; the same message may succeed a moment later.
  case busy
  case rateLimited = "rate-limited"
  /// The resume token is unknown or its time has passed: join with the access token.
  case resumeExpired = "resume-expired"
  case `internal`
}

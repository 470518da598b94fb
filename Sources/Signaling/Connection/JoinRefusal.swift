/// Why a connection could not join, and how it is closed for that; with `close` `nil` the same
/// connection may try again.
struct JoinRefusal: Error, Equatable, Sendable {
  var error: SignalingError
  var close: CloseCode?
  /// What is wrong with the token, if that is it.
  var token: TokenRefusal?

  init(_ code: SignalingErrorCode, _ message: String, close: CloseCode?) {
    error = SignalingError(code, message)
    self.close = close
  }

  init(_ refusal: TokenRefusal) {
    if refusal.isForbidden {
      self.init(.forbidden, refusal.sentence, close: .forbidden)
    } else {
      self.init(.unauthorized, refusal.sentence, close: .unauthorized)
    }
    token = refusal
  }
}

extension JoinRefusal {
  /// The client may try again on the same connection.
  init(tooOften seconds: Int) {
    self.init(
      .busy, "this token, or this address, comes in too often: try again in \(seconds) s",
      close: nil)
    error.retryAfter = seconds
  }
}

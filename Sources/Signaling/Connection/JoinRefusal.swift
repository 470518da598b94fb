/// Why a connection could not join, and how it is closed for that; with `close` `nil` the same
/// connection may try again.
struct JoinRefusal: Error, Equatable, Sendable {
  var error: SignalingError
  var close: CloseCode?

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
  }
}

/// Why a message was refused: a code for programs and a sentence that says what would be right.
struct SignalingError: Error, Equatable, Sendable {
  var code: SignalingErrorCode
  var message: String
  /// Seconds after which the same may succeed, where that can be told.
  var retryAfter: Int?

  init(_ code: SignalingErrorCode, _ message: String) {
    self.code = code
    self.message = message
  }
}

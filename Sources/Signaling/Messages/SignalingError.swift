/// Why a message was refused: a code for programs and a sentence that says what would be right.
struct SignalingError: Error, Equatable, Sendable {
  var code: SignalingErrorCode
  var message: String

  init(_ code: SignalingErrorCode, _ message: String) {
    self.code = code
    self.message = message
  }
}

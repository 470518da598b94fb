/// The WebSocket close codes of the protocol (RFC 6455 section 7.4.2: 4000...4999 are private use).
enum CloseCode: UInt16, Sendable, CaseIterable {
  /// RFC 6455 section 7.4.1.
  case normal = 1000
  case goingAway = 1001
  case protocolError = 1002
  /// A binary message: the protocol has text only.
  case unacceptableData = 1003
  case internalError = 1011

  case tooManyErrors = 4400
  case unauthorized = 4401
  case forbidden = 4403
  case notFound = 4404
  case joinTimeout = 4408
  case replaced = 4409
  /// The consultation has ended, or this participant has left or was removed.
  case over = 4410
  case tooLarge = 4413
  case rateLimited = 4429
  case shuttingDown = 4503

  /// The reason of the close frame: at most 123 octets (RFC 6455 section 5.5).
  var reason: String {
    switch self {
    case .normal: "bye"
    case .goingAway: "no answer to pings"
    case .protocolError: "not a WebSocket frame as RFC 6455 has them"
    case .unacceptableData: "messages are JSON text, not binary"
    case .internalError: "the server made a mistake"
    case .tooManyErrors: "five errors in a row"
    case .unauthorized: "the token was not accepted"
    case .forbidden: "the token does not allow this"
    case .notFound: "there is no such consultation"
    case .joinTimeout: "no join within the time allowed"
    case .replaced: "this participant is connected from elsewhere now"
    case .over: "the consultation is over for this participant"
    case .tooLarge: "a message is at most 64 KiB"
    case .rateLimited: "too many messages, or too slow to read them"
    case .shuttingDown: "the server is shutting down"
    }
  }
}

internal import COpenSSL

/// What OpenSSL could not do when a context or a certificate was made.
public struct DTLSError: Error, Hashable, Sendable, CustomStringConvertible {
  public let operation: String
  /// OpenSSL's own words; empty when it left none.
  public let reason: String

  public var description: String {
    reason.isEmpty ? "\(operation) failed" : "\(operation) failed: \(reason)"
  }

  /// The oldest error in OpenSSL's queue of this thread; the queue is empty afterwards.
  static func latest(_ operation: String) -> DTLSError {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0, let text = ERR_reason_error_string(code) else {
      return DTLSError(operation: operation, reason: "")
    }
    return DTLSError(operation: operation, reason: String(cString: text))
  }
}

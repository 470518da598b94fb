/// What OpenSSL could not do when a context or a certificate was made.
public struct DTLSError: Error, Hashable, Sendable, CustomStringConvertible {
  public let operation: String
  /// OpenSSL's own words; empty when it left none.
  public let reason: String

  public var description: String {
    reason.isEmpty ? "\(operation) failed" : "\(operation) failed: \(reason)"
  }
}

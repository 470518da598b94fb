/// Why signaling cannot start. The text is for the operator.
public enum SignalingServiceError: Error, Hashable, Sendable, CustomStringConvertible {
  case noWorkers
  case secretTooShort
  case certificate(String)
  case keySet(String)
  case files(String)
  /// The address cannot be listened on.
  case listen(host: String, port: Int, reason: String)

  public var description: String {
    switch self {
    case .noWorkers:
      "there is no media worker: media.workers must be at least 1"
    case .secretTooShort:
      "api.secret is too short: it has at least \(AccessTokenAuthority.minimumSecretLength) octets"
    case .certificate(let reason), .keySet(let reason), .files(let reason): reason
    case .listen(let host, let port, let reason):
      "cannot listen on http.host \(host), http.port \(port): \(reason)"
    }
  }
}

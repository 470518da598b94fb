/// Why the audit log cannot be written or is not believed; the text is for the operator.
public enum AuditError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was kept is not what was signed. `entry`: the first that is wrong, from 0.
  case tampered(entry: Int?, String)
  case storage(String)
  case key(String)

  public var description: String {
    switch self {
    case .tampered(let entry?, let text): "the audit log was changed at entry \(entry): \(text)"
    case .tampered(nil, let text): "the audit log was changed: \(text)"
    case .storage(let text): "the audit log: \(text)"
    case .key(let text): "the audit key: \(text)"
    }
  }
}

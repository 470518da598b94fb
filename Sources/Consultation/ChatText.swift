/// What somebody writes to the others: 1 to 2000 octets after white space at both ends is cut, without
/// control characters but line feed and tab, and without characters that change the direction of what
/// stands beside them.
public struct ChatText: RawRepresentable, Hashable, Sendable {
  public static let limit = 2000

  public let rawValue: String

  public init?(rawValue: String) {
    guard rawValue.utf8.count <= 2 * Self.limit else { return nil }
    var text = rawValue[...]
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    guard (1...Self.limit).contains(text.utf8.count) else { return nil }
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control where scalar != "\n" && scalar != "\t": return nil
      case .format where scalar.properties.isBidiControl: return nil
      case .surrogate, .unassigned, .privateUse: return nil
      default: continue
      }
    }
    self.rawValue = String(text)
  }
}

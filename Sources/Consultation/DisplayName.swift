/// The name that the others see. 1 to 64 characters after white space at both ends is cut, at most
/// 256 octets, without control, line or direction-changing characters (a name must not be able to
/// disguise another one).
public struct DisplayName: RawRepresentable, Hashable, Sendable {
  public let rawValue: String

  public init?(rawValue: String) {
    guard rawValue.utf8.count <= 1024 else { return nil }
    var text = rawValue[...]
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    guard (1...64).contains(text.count), text.utf8.count <= 256 else { return nil }
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
        return nil
      case .format where scalar != "\u{200D}" && scalar != "\u{200C}": return nil
      default: continue
      }
    }
    self.rawValue = String(text)
  }
}

/// `a=extmap` (RFC 8285 section 5).
public struct ExtensionMapEntry: Hashable, Sendable {
  /// 1...14 in the one-byte form, up to 255 in the two-byte form, 4096...4351 provisional.
  public var id: UInt16
  /// The suffix `/sendonly`, ...; `nil` when it was not written, which means the direction of the
  /// section.
  public var direction: MediaDirection?
  public var uri: String
  /// What follows the URI.
  public var attributes: String?

  public init(id: UInt16, direction: MediaDirection?, uri: String, attributes: String? = nil) {
    self.id = id
    self.direction = direction
    self.uri = uri
    self.attributes = attributes
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let id: UInt16 = scanner.number(), id > 0 else { return nil }
    self.id = id
    if scanner.take("/") {
      guard let word = scanner.field(), let direction = MediaDirection(rawValue: String(word))
      else { return nil }
      self.direction = direction
    } else {
      guard scanner.take(" ") else { return nil }
    }
    scanner.skipSpaces()
    guard let uri = scanner.field() else { return nil }
    self.uri = String(uri)
    attributes = scanner.isAtEnd ? nil : String(scanner.remainder)
  }

  var value: String {
    "\(id)" + (direction.map { "/\($0.rawValue)" } ?? "") + " \(uri)"
      + (attributes.map { " \($0)" } ?? "")
  }
}

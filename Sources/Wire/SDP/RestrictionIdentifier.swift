/// `a=rid` (RFC 8851): one of several encodings of a section.
public struct RestrictionIdentifier: Hashable, Sendable {
  public enum Direction: String, Hashable, Sendable { case send, recv }

  public var id: String
  public var direction: Direction
  /// `pt=97;max-width=1280`, unread.
  public var restrictions: String?

  public init(id: String, direction: Direction, restrictions: String? = nil) {
    self.id = id
    self.direction = direction
    self.restrictions = restrictions
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let id = scanner.field(), id.isSDPToken, let word = scanner.field(),
      let direction = Direction(rawValue: String(word))
    else { return nil }
    self.id = String(id)
    self.direction = direction
    restrictions = scanner.isAtEnd ? nil : String(scanner.remainder)
  }

  var value: String { "\(id) \(direction.rawValue)" + (restrictions.map { " \($0)" } ?? "") }
}

/// Why a text is not a session description that we take: which line, what stands there, and what
/// would be right.
public struct SDPError: Error, Hashable, Sendable {
  public enum Problem: Hashable, Sendable {
    /// The whole text is longer than `SDPLimits.bytes`.
    case tooLong
    case tooManyLines
    case tooManySections
    case lineTooLong
    /// Not a letter, "=", and a value; or a character that must not be there.
    case notALine
    /// A line type that RFC 8866 does not know, or one in the wrong place.
    case unexpectedLine
    /// A line that has to be there is not.
    case missingLine
    /// A known line whose value is wrong.
    case malformedValue
  }

  public var problem: Problem
  /// Counted from 1; the line after the last when something is missing at the end.
  public var line: Int
  /// What stands there, cut to 80 characters and without control characters.
  public var found: String
  public var expected: String

  init(_ problem: Problem, line: Int, found: some StringProtocol, expected: String) {
    self.problem = problem
    self.line = line
    self.found = String(
      found.unicodeScalars.prefix(80).map {
        $0.value >= 0x20 && $0.value != 0x7F ? Character($0) : "?"
      }
    )
    self.expected = expected
  }
}

extension SDPError: CustomStringConvertible {
  public var description: String { "line \(line) is \"\(found)\", expected \(expected)" }
}

/// The bounds of what is parsed.
public enum SDPLimits {
  public static let bytes = 65_536
  public static let lines = 4096
  public static let lineBytes = 4096
  public static let sections = 64
}

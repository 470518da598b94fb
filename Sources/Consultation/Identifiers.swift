/// Names a consultation: 1 to 64 of `A-Z a-z 0-9 _ - .`, so that it fits a URL path, a file name
/// and a log line as it is.
public struct ConsultationID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: String

  /// `nil` when the text is not of the form above.
  public init?(rawValue: String) {
    guard isIdentifier(rawValue) else { return nil }
    self.rawValue = rawValue
  }

  /// `c_` and 80 random bits.
  public static func random(using generator: inout some RandomNumberGenerator) -> Self {
    Self(trusted: "c_" + base32(80, using: &generator))
  }

  private init(trusted: String) { rawValue = trusted }

  /// Consultations whose id starts with `bench-` are made by load generators: created on first
  /// use, never counted as acts.
  public var isLoadTest: Bool { rawValue.hasPrefix("bench-") }

  public var description: String { rawValue }
}

/// Names one participant within a consultation; same form as `ConsultationID`.
public struct ParticipantID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: String

  public init?(rawValue: String) {
    guard isIdentifier(rawValue) else { return nil }
    self.rawValue = rawValue
  }

  /// `p_` and 80 random bits.
  public static func random(using generator: inout some RandomNumberGenerator) -> Self {
    Self(trusted: "p_" + base32(80, using: &generator))
  }

  private init(trusted: String) { rawValue = trusted }

  public var description: String { rawValue }
}

/// One published track of a participant. Given by the caller, unique on the server while it runs,
/// so that it can be the media plane's publication number too.
public struct TrackID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  public var description: String { String(rawValue) }
}

private func isIdentifier(_ text: String) -> Bool {
  let bytes = text.utf8
  guard (1...64).contains(bytes.count) else { return false }
  return bytes.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}

/// `bits` / 5 letters of the RFC 4648 alphabet in lower case.
private func base32(_ bits: Int, using generator: inout some RandomNumberGenerator) -> String {
  let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
  return String((0..<bits / 5).map { _ in alphabet[Int(generator.next() as UInt64 >> 59)] })
}

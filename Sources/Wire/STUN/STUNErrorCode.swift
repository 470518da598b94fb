/// Codes of error responses (RFC 8489 section 14.8, RFC 8445 section 16.2).
public struct STUNErrorCode: RawRepresentable, Hashable, Sendable {
  /// 300...699
  public var rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let badRequest = Self(rawValue: 400)
  public static let unauthenticated = Self(rawValue: 401)
  public static let unknownAttribute = Self(rawValue: 420)
  public static let roleConflict = Self(rawValue: 487)
  public static let serverError = Self(rawValue: 500)
}

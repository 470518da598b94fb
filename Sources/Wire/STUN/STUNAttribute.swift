/// STUN attribute types (RFC 8489 section 18.3, RFC 8445 section 16.1).
public struct STUNAttribute: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let mappedAddress = Self(rawValue: 0x0001)
  public static let username = Self(rawValue: 0x0006)
  public static let messageIntegrity = Self(rawValue: 0x0008)
  public static let errorCode = Self(rawValue: 0x0009)
  public static let unknownAttributes = Self(rawValue: 0x000A)
  public static let realm = Self(rawValue: 0x0014)
  public static let nonce = Self(rawValue: 0x0015)
  public static let messageIntegritySHA256 = Self(rawValue: 0x001C)
  public static let passwordAlgorithm = Self(rawValue: 0x001D)
  public static let userHash = Self(rawValue: 0x001E)
  public static let xorMappedAddress = Self(rawValue: 0x0020)
  public static let priority = Self(rawValue: 0x0024)
  public static let useCandidate = Self(rawValue: 0x0025)
  public static let software = Self(rawValue: 0x8022)
  public static let fingerprint = Self(rawValue: 0x8028)
  public static let iceControlled = Self(rawValue: 0x8029)
  public static let iceControlling = Self(rawValue: 0x802A)

  /// An agent that does not know it must refuse a request that holds it.
  var isComprehensionRequired: Bool { rawValue < 0x8000 }

  /// Whether we know what it is for, if only to leave it alone.
  var isKnown: Bool {
    switch self {
    case .mappedAddress, .username, .messageIntegrity, .errorCode, .unknownAttributes, .realm,
      .nonce, .messageIntegritySHA256, .passwordAlgorithm, .userHash, .xorMappedAddress, .priority,
      .useCandidate:
      true
    default:
      false
    }
  }
}

/// A STUN message (RFC 8489 section 5): a view on a datagram, checked once, valid while the bytes
/// are.
///
/// What follows MESSAGE-INTEGRITY is ignored, FINGERPRINT excepted (section 14.5): it is not
/// protected. FINGERPRINT may be missing; when it is there it is right.
public struct STUNMessage {
  public static let headerLength = 20
  static let magicCookie: UInt32 = 0x2112_A442
  static let fingerprintMask: UInt32 = 0x5354_554E
  public static let bindingMethod: UInt16 = 1
  /// How many unknown attributes are kept; the message may hold more.
  static let unknownLimit = 8

  public enum Class: UInt8, Sendable {
    case request, indication, successResponse, errorResponse
  }

  public let bytes: UnsafeRawBufferPointer
  public let messageClass: Class
  /// 12 bits.
  public let method: UInt16
  public let transactionID: STUNTransactionID
  public private(set) var hasFingerprint = false

  /// Where values lie; 0 = absent, no attribute starts before 20.
  private var usernameAt = 0
  private var usernameLength = 0
  private var integrityAt = 0
  private var errorAt = 0
  private var errorLength = 0
  private var xorMappedAt = 0
  private var xorMappedLength = 0
  public private(set) var priority: UInt32?
  /// USE-CANDIDATE: the controlling agent nominates this pair.
  public private(set) var usesCandidate = false
  /// The tie-breaker of ICE-CONTROLLING and of ICE-CONTROLLED.
  public private(set) var controlling: UInt64?
  public private(set) var controlled: UInt64?
  /// Comprehension-required attributes that we do not know, the first eight. A request with any is
  /// answered with 420 (section 6.3.1).
  public private(set) var unknownAttributes: [STUNAttribute] = []

  /// `nil` when the bytes are not one STUN message: header, lengths, padding to four octets, a
  /// known attribute of a wrong length, or a FINGERPRINT that is wrong or not last.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.headerLength, bytes[0] & 0xC0 == 0, bytes.count & 3 == 0,
      Int(bytes.networkUInt16(at: 2)) &+ Self.headerLength == bytes.count,
      bytes.networkUInt32(at: 4) == Self.magicCookie
    else { return nil }
    self.bytes = bytes
    let type = bytes.networkUInt16(at: 0)
    switch type & 0x0110 {
    case 0x0000: messageClass = .request
    case 0x0010: messageClass = .indication
    case 0x0100: messageClass = .successResponse
    default: messageClass = .errorResponse
    }
    method = type & 0x000F | (type & 0x00E0) >> 1 | (type & 0x3E00) >> 2
    transactionID = STUNTransactionID(
      high: bytes.networkUInt64(at: 8), low: bytes.networkUInt32(at: 16))
    var cursor = Self.headerLength
    while cursor < bytes.count {
      guard !hasFingerprint, cursor &+ 4 <= bytes.count else { return nil }
      let attribute = STUNAttribute(rawValue: bytes.networkUInt16(at: cursor))
      let length = Int(bytes.networkUInt16(at: cursor &+ 2))
      let value = cursor &+ 4
      let next = value &+ ((length &+ 3) & ~3)
      guard next <= bytes.count else { return nil }
      if attribute == .fingerprint {
        guard length == 4 else { return nil }
        let sum = CRC32.checksum(bytes.slice(0..<cursor))
        guard bytes.networkUInt32(at: value) == sum ^ Self.fingerprintMask else { return nil }
        hasFingerprint = true
      } else if integrityAt == 0 {
        guard note(attribute, at: value, length: length) else { return nil }
      }
      cursor = next
    }
  }

  /// Of attributes that occur twice the first counts (RFC 8489 section 14).
  private mutating func note(_ attribute: STUNAttribute, at value: Int, length: Int) -> Bool {
    switch attribute {
    case .username:
      // Less than 513 octets (section 14.3).
      guard length <= 512 else { return false }
      if usernameAt == 0 { (usernameAt, usernameLength) = (value, length) }
    case .messageIntegrity:
      guard length == SHA1.digestLength else { return false }
      integrityAt = value
    case .errorCode:
      guard length >= 4 else { return false }
      if errorAt == 0 { (errorAt, errorLength) = (value, length) }
    case .xorMappedAddress:
      guard length == 8 && bytes[value &+ 1] == 1 || length == 20 && bytes[value &+ 1] == 2
      else { return false }
      if xorMappedAt == 0 { (xorMappedAt, xorMappedLength) = (value, length) }
    case .priority:
      guard length == 4 else { return false }
      if priority == nil { priority = bytes.networkUInt32(at: value) }
    case .useCandidate:
      usesCandidate = true
    case .iceControlling:
      guard length == 8 else { return false }
      if controlling == nil { controlling = bytes.networkUInt64(at: value) }
    case .iceControlled:
      guard length == 8 else { return false }
      if controlled == nil { controlled = bytes.networkUInt64(at: value) }
    default:
      if attribute.isComprehensionRequired, !attribute.isKnown,
        unknownAttributes.count < Self.unknownLimit
      {
        unknownAttributes.append(attribute)
      }
    }
    return true
  }

  /// The octets of USERNAME.
  public var username: UnsafeRawBufferPointer? {
    usernameAt == 0 ? nil : bytes.slice(usernameAt..<(usernameAt + usernameLength))
  }

  /// The two halves of an ICE username (RFC 8445 section 7.2.2): in a request that we receive the
  /// first is the fragment that we gave, the second the sender's own.
  public var usernameFragments: (receiver: String, sender: String)? {
    guard let username, let colon = username.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    // ice-char is ASCII; anything else matches no fragment and is not worth a repair.
    guard username.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    return (
      String(decoding: username.slice(0..<colon), as: UTF8.self),
      String(decoding: username.slice((colon + 1)..<username.count), as: UTF8.self)
    )
  }

  public var hasIntegrity: Bool { integrityAt != 0 }

  /// Whether MESSAGE-INTEGRITY is there and was made with this key (RFC 8489 section 14.5). Takes
  /// the same time wherever it differs.
  public func isAuthentic(_ key: STUNKey) -> Bool {
    guard integrityAt != 0 else { return false }
    // The code covers all before its attribute, under a length that ends with it.
    let end = integrityAt &+ SHA1.digestLength
    let digest = key.code(
      of: bytes.slice(0..<(integrityAt &- 4)),
      lengthField: UInt16(truncatingIfNeeded: end &- Self.headerLength))
    var difference: UInt8 = 0
    for i in 0..<SHA1.digestLength {
      difference |= STUNKey.octet(i, of: digest) ^ bytes[integrityAt &+ i]
    }
    return difference == 0
  }

  /// The code of ERROR-CODE, `nil` when there is none or it is out of 300...699.
  public var errorCode: STUNErrorCode? {
    guard errorAt != 0 else { return nil }
    let hundreds = UInt16(bytes[errorAt &+ 2] & 7)
    let rest = UInt16(bytes[errorAt &+ 3])
    guard (3...6).contains(hundreds), rest < 100 else { return nil }
    return STUNErrorCode(rawValue: hundreds * 100 + rest)
  }

  /// XOR-MAPPED-ADDRESS (section 14.2).
  public var xorMappedAddress: TransportAddress? {
    guard xorMappedAt != 0 else { return nil }
    let port = bytes.networkUInt16(at: xorMappedAt &+ 2) ^ UInt16(Self.magicCookie >> 16)
    if xorMappedLength == 8 {
      let v4 = bytes.networkUInt32(at: xorMappedAt &+ 4) ^ Self.magicCookie
      return TransportAddress(ip: IPAddress(v4: v4), port: port)
    }
    let mask = transactionID.addressMask
    return TransportAddress(
      ip: IPAddress(
        high: bytes.networkUInt64(at: xorMappedAt &+ 4) ^ mask.high,
        low: bytes.networkUInt64(at: xorMappedAt &+ 12) ^ mask.low),
      port: port)
  }
}

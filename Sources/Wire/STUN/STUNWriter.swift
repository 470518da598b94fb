/// Writes a STUN message into a buffer: `init`, attributes, `finish`.
///
/// An attribute that does not fit makes `finish` return `nil`; nothing is written beyond the buffer.
public struct STUNWriter {
  let buffer: UnsafeMutableRawBufferPointer
  let transactionID: STUNTransactionID
  var cursor = STUNMessage.headerLength
  var fits: Bool

  public init(
    into buffer: UnsafeMutableRawBufferPointer, class messageClass: STUNMessage.Class,
    method: UInt16 = STUNMessage.bindingMethod, transactionID: STUNTransactionID
  ) {
    self.buffer = buffer
    self.transactionID = transactionID
    fits = buffer.count >= STUNMessage.headerLength
    guard fits else { return }
    let classBits: UInt16 =
      switch messageClass {
      case .request: 0x0000
      case .indication: 0x0010
      case .successResponse: 0x0100
      case .errorResponse: 0x0110
      }
    let methodBits = method & 0x000F | (method & 0x0070) << 1 | (method & 0x0F80) << 2
    buffer.setNetworkUInt16(classBits | methodBits, at: 0)
    buffer.setNetworkUInt16(0, at: 2)
    buffer.setNetworkUInt32(STUNMessage.magicCookie, at: 4)
    buffer.setNetworkUInt64(transactionID.high, at: 8)
    buffer.setNetworkUInt32(transactionID.low, at: 16)
  }

  /// Writes the attribute's header and its padding, moves on and returns where the value goes.
  private mutating func reserve(_ attribute: STUNAttribute, length: Int) -> Int? {
    let value = cursor + 4
    let next = value + (length + 3) & ~3
    guard fits, next <= buffer.count, next - STUNMessage.headerLength <= 0xFFFC else {
      fits = false
      return nil
    }
    buffer.setNetworkUInt16(attribute.rawValue, at: cursor)
    buffer.setNetworkUInt16(UInt16(length), at: cursor + 2)
    for i in (value + length)..<next { buffer[i] = 0 }
    cursor = next
    buffer.setNetworkUInt16(UInt16(cursor - STUNMessage.headerLength), at: 2)
    return value
  }

  public mutating func append(_ attribute: STUNAttribute, bytes: UnsafeRawBufferPointer) {
    guard let value = reserve(attribute, length: bytes.count) else { return }
    buffer.setBytes(bytes, at: value)
  }

  public mutating func append(_ attribute: STUNAttribute, text: String) {
    var text = text
    text.withUTF8 { append(attribute, bytes: UnsafeRawBufferPointer($0)) }
  }

  /// An attribute that is there or not, such as USE-CANDIDATE.
  public mutating func append(_ attribute: STUNAttribute) {
    _ = reserve(attribute, length: 0)
  }

  public mutating func append(_ attribute: STUNAttribute, uint32: UInt32) {
    guard let value = reserve(attribute, length: 4) else { return }
    buffer.setNetworkUInt32(uint32, at: value)
  }

  public mutating func append(_ attribute: STUNAttribute, uint64: UInt64) {
    guard let value = reserve(attribute, length: 8) else { return }
    buffer.setNetworkUInt64(uint64, at: value)
  }

  public mutating func appendXORMappedAddress(_ address: TransportAddress) {
    let port = address.port ^ UInt16(STUNMessage.magicCookie >> 16)
    if address.ip.isIPv4 {
      guard let value = reserve(.xorMappedAddress, length: 8) else { return }
      buffer.setNetworkUInt16(1, at: value)
      buffer.setNetworkUInt16(port, at: value + 2)
      buffer.setNetworkUInt32(address.ip.v4 ^ STUNMessage.magicCookie, at: value + 4)
    } else {
      guard let value = reserve(.xorMappedAddress, length: 20) else { return }
      let mask = transactionID.addressMask
      buffer.setNetworkUInt16(2, at: value)
      buffer.setNetworkUInt16(port, at: value + 2)
      buffer.setNetworkUInt64(address.ip.high ^ mask.high, at: value + 4)
      buffer.setNetworkUInt64(address.ip.low ^ mask.low, at: value + 12)
    }
  }

  /// Without a reason phrase: it may be empty (RFC 8489 section 14.8), and is bytes to amplify.
  public mutating func appendErrorCode(_ code: STUNErrorCode) {
    let hundreds = UInt32(code.rawValue / 100)
    append(.errorCode, uint32: hundreds << 8 | UInt32(code.rawValue % 100))
  }

  public mutating func appendUnknownAttributes(_ attributes: [STUNAttribute]) {
    guard let value = reserve(.unknownAttributes, length: attributes.count * 2) else { return }
    for (i, attribute) in attributes.enumerated() {
      buffer.setNetworkUInt16(attribute.rawValue, at: value + i * 2)
    }
  }

  /// Ends the message with MESSAGE-INTEGRITY (when there is a key) and FINGERPRINT. Returns its length,
  /// `nil` when it does not fit.
  public mutating func finish(key: STUNKey?, fingerprint: Bool = true) -> Int? {
    if let key {
      let covered = cursor
      guard let value = reserve(.messageIntegrity, length: SHA1.digestLength) else { return nil }
      let digest = key.code(
        of: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[0..<covered]),
        lengthField: UInt16(cursor - STUNMessage.headerLength))
      for i in 0..<SHA1.digestLength { buffer[value + i] = STUNKey.octet(i, of: digest) }
    }
    if fingerprint {
      let covered = cursor
      guard let value = reserve(.fingerprint, length: 4) else { return nil }
      let sum = CRC32.checksum(
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[0..<covered]))
      buffer.setNetworkUInt32(sum ^ STUNMessage.fingerprintMask, at: value)
    }
    return fits ? cursor : nil
  }
}

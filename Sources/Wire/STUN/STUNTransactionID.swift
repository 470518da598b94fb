/// 96 bits that pair a response with its request (RFC 8489 section 5).
public struct STUNTransactionID: Hashable, Sendable {
  public var high: UInt64
  public var low: UInt32

  public init(high: UInt64, low: UInt32) {
    self.high = high
    self.low = low
  }
}

extension STUNTransactionID {
  /// Magic cookie and transaction id, which IPv6 addresses are XORed with.
  var addressMask: (high: UInt64, low: UInt64) {
    (UInt64(STUNMessage.magicCookie) << 32 | high >> 32, high << 32 | UInt64(low))
  }
}

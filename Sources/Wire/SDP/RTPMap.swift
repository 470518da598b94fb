/// `a=rtpmap` (RFC 8866 section 6.6).
public struct RTPMap: Hashable, Sendable {
  /// 0...127
  public var payloadType: UInt8
  /// As it was written; compare without regard to case.
  public var encoding: String
  /// Hz
  public var clockRate: UInt32
  /// `nil` when it was not written, which for audio means one.
  public var channels: UInt8?

  public init(payloadType: UInt8, encoding: String, clockRate: UInt32, channels: UInt8?) {
    self.payloadType = payloadType
    self.encoding = encoding
    self.clockRate = clockRate
    self.channels = channels
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let payloadType: UInt8 = scanner.numberField(upTo: 127) else { return nil }
    scanner.skipSpaces()
    guard let encoding = scanner.field(until: "/"), encoding.isSDPToken,
      let clockRate: UInt32 = scanner.number()
    else { return nil }
    var channels: UInt8?
    if scanner.take("/") {
      guard let count: UInt8 = scanner.number() else { return nil }
      channels = count
    }
    guard scanner.isAtEnd else { return nil }
    self.init(
      payloadType: payloadType, encoding: String(encoding), clockRate: clockRate,
      channels: channels)
  }

  var value: String {
    "\(payloadType) \(encoding)/\(clockRate)" + (channels.map { "/\($0)" } ?? "")
  }
}

/// `a=rtcp-fb` (RFC 4585 section 4.2).
public struct FeedbackAttribute: Hashable, Sendable {
  /// 0...127; `nil` is `*`, every payload type of the section.
  public var payloadType: UInt8?
  /// `nack`, `nack pli`, `ccm fir`, `transport-cc`, `goog-remb`, ...
  public var feedback: String

  public init(payloadType: UInt8?, feedback: String) {
    self.payloadType = payloadType
    self.feedback = feedback
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    if scanner.take("*") {
      payloadType = nil
      guard scanner.take(" ") else { return nil }
    } else {
      guard let number: UInt8 = scanner.numberField(upTo: 127) else { return nil }
      payloadType = number
    }
    feedback = scanner.remainder.split(separator: " ").joined(separator: " ")
    guard !feedback.isEmpty else { return nil }
  }

  var value: String { (payloadType.map { "\($0)" } ?? "*") + " " + feedback }
}

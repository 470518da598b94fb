internal import Crypto
internal import Foundation

/// What proves to a receiver that a webhook is ours: the symmetric secret of Standard Webhooks.
public struct WebhookSecret: Hashable, Sendable {
  static let prefix = "whsec_"

  private let octets: [UInt8]

  /// - Parameter text: `whsec_` and base64 of 24 to 64 octets; `nil` for anything else.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.prefix),
      let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
      (24...64).contains(data.count)
    else { return nil }
    octets = Array(data)
  }

  /// The value of `webhook-signature`.
  ///
  /// - Parameter timestamp: of this attempt, seconds since 1970.
  func signature(id: String, timestamp: Int64, body: some Collection<UInt8>) -> String {
    let signed = Array("\(id).\(timestamp).".utf8) + body
    let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: octets))
    return "v1," + Data(code).base64EncodedString()
  }
}

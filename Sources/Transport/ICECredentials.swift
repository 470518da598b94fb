/// The short-term credentials of one side of an ICE session (`a=ice-ufrag`, `a=ice-pwd`;
/// RFC 8839 section 5.4).
public struct ICECredentials: Hashable, Sendable {
  /// 4...256 ice-chars.
  public let usernameFragment: String
  /// 22...256 ice-chars.
  public let password: String

  /// `nil` when a length or a character is not what RFC 8839 section 5.4 allows.
  public init?(usernameFragment: String, password: String) {
    guard Self.isValid(usernameFragment, 4...256), Self.isValid(password, 22...256) else {
      return nil
    }
    self.usernameFragment = usernameFragment
    self.password = password
  }

  private init(unchecked usernameFragment: String, password: String) {
    self.usernameFragment = usernameFragment
    self.password = password
  }

  /// Fresh credentials: 48 bits of username fragment, so that fragments of one worker do not
  /// collide, and 144 bits of password (RFC 8445 section 5.3 asks for 24 and 128).
  public static func random(from secret: inout SecretRandom) -> ICECredentials {
    ICECredentials(
      unchecked: characters(8, from: &secret), password: characters(24, from: &secret))
  }

  /// 64 characters: six bits each, without bias.
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func characters(_ count: Int, from secret: inout SecretRandom) -> String {
    String(decoding: secret.bytes(count).map { alphabet[Int($0 & 63)] }, as: UTF8.self)
  }

  private static func isValid(_ text: String, _ lengths: ClosedRange<Int>) -> Bool {
    lengths.contains(text.utf8.count) && text.utf8.allSatisfy(isICECharacter)
  }

  /// `ice-char = ALPHA / DIGIT / "+" / "/"`
  private static func isICECharacter(_ c: UInt8) -> Bool {
    switch c {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}

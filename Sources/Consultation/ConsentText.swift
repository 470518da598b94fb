/// The words that somebody agrees to, in each language that they are offered in. Kept with the
/// consultation: a later version changes nothing of an earlier consultation.
public struct ConsentText: Hashable, Sendable {
  public static let maximumLength = 4096
  public static let maximumLanguages = 8

  public struct Wording: Hashable, Sendable {
    /// BCP 47, as `fr` or `pt-BR`.
    public let language: String
    public let text: String

    /// `nil`: the language is not 2 to 16 letters, digits and hyphens, or the text is empty, longer
    /// than `maximumLength` octets or has control characters other than line ends.
    public init?(language: String, text: String) {
      let isLanguage = language.utf8.allSatisfy { octet in
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
      guard isLanguage, (2...16).contains(language.utf8.count),
        (1...ConsentText.maximumLength).contains(text.utf8.count),
        text.unicodeScalars.allSatisfy({
          $0 == "\n" || $0.properties.generalCategory != .control
        })
      else { return nil }
      self.language = language
      self.text = text
    }
  }

  public let purpose: ConsentPurpose
  /// 1 to 64 characters of an identifier.
  public let version: String
  public let wordings: [Wording]

  /// `nil`: the version is no identifier, or there is no wording, too many, or two in one language.
  public init?(_ purpose: ConsentPurpose, version: String, wordings: [Wording]) {
    guard ConsultationID(rawValue: version) != nil,
      (1...Self.maximumLanguages).contains(wordings.count),
      Set(wordings.map(\.language)).count == wordings.count
    else { return nil }
    self.init(trusted: purpose, version, wordings)
  }

  init(trusted purpose: ConsentPurpose, _ version: String, _ wordings: [Wording]) {
    self.purpose = purpose
    self.version = version
    self.wordings = wordings
  }
}

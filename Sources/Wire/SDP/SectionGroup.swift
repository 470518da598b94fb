/// `a=group` (RFC 5888 section 5): m= sections that belong together, by their mids.
public struct SectionGroup: Hashable, Sendable {
  /// `BUNDLE`, `LS`, ...
  public var semantics: String
  public var mids: [String]

  public init(semantics: String, mids: [String]) {
    self.semantics = semantics
    self.mids = mids
  }

  /// RFC 9143 section 7: all on one transport; the first mid is the tagged section.
  public static func bundle(_ mids: [String]) -> SectionGroup {
    SectionGroup(semantics: "BUNDLE", mids: mids)
  }

  public var isBundle: Bool { semantics == "BUNDLE" }

  init?(value: Substring) {
    let words = value.split(separator: " ")
    guard let semantics = words.first, semantics.isSDPToken,
      words.dropFirst().allSatisfy({ $0.isSDPToken })
    else { return nil }
    self.init(semantics: String(semantics), mids: words.dropFirst().map(String.init))
  }

  var value: String { ([semantics] + mids).joined(separator: " ") }
}

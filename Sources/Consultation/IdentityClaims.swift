/// What a token said of the person beyond the name: opaque texts of who minted it, copied to the
/// record as they came and shown to nobody in the consultation.
public struct IdentityClaims: Hashable, Sendable {
  /// How surely the person was identified: `acr` of OpenID Connect Core section 2.
  public var assurance: String?
  /// Which professional it is, as the issuer calls them.
  public var professional: String?
  /// How far the patient's identity was verified, in the issuer's words.
  public var identityStatus: String?

  public init(
    assurance: String? = nil, professional: String? = nil, identityStatus: String? = nil
  ) {
    self.assurance = assurance
    self.professional = professional
    self.identityStatus = identityStatus
  }
}

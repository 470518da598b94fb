internal import Transport
internal import Wire

/// The ICE and DTLS side of an offer: one for all sections, since all are bundled.
struct OfferedTransport {
  var credentials: ICECredentials
  var fingerprints: [CertificateFingerprint]

  /// - Parameter sections: the accepted ones; not empty.
  ///
  /// Of several values the one of the section that the answer tags counts (RFC 9143 section 7.3),
  /// then the session's, then that of any other section: bundled sections may leave them out.
  init(
    _ offer: SessionDescription, sections: [OfferedSection]
  ) throws(NegotiationError) {
    guard !offer.isICELite else { throw .bothSidesICELite }
    let bundle = offer.groups.first { $0.isBundle }?.mids ?? []
    let ordered = sections.sorted { a, b in
      (bundle.firstIndex(of: a.mid) ?? .max, a.index)
        < (bundle.firstIndex(of: b.mid) ?? .max, b.index)
    }
    var levels = ordered.prefix(1).map(\.description.attributes)
    levels.append(offer.attributes)
    levels += ordered.dropFirst().map(\.description.attributes)
    levels += offer.sections.map(\.attributes)

    credentials = try Self.credentials(levels)
    fingerprints = try Self.fingerprints(levels)
    // RFC 4145 section 4.1: without the attribute the offerer is active.
    let setup = levels.lazy.compactMap(\.setup).first ?? .active
    guard setup == .actpass || setup == .active else { throw .setupRefused(setup) }
  }

  private static func credentials(
    _ levels: [[SDPAttribute]]
  ) throws(NegotiationError) -> ICECredentials {
    for level in levels {
      guard let fragment = level.iceUsernameFragment, let password = level.icePassword else {
        continue
      }
      guard let found = ICECredentials(usernameFragment: fragment, password: password) else {
        throw .iceCredentialsInvalid
      }
      return found
    }
    throw .iceCredentialsMissing
  }

  private static func fingerprints(
    _ levels: [[SDPAttribute]]
  ) throws(NegotiationError) -> [CertificateFingerprint] {
    guard let texts = levels.lazy.map(\.fingerprints).first(where: { !$0.isEmpty }) else {
      throw .fingerprintMissing
    }
    var found: [CertificateFingerprint] = []
    var refused: [String] = []
    for text in texts.prefix(8) {
      let name = text.prefix { $0 != " " }.lowercased()
      if CertificateFingerprint.Algorithm(rawValue: name) == nil {
        refused.append(String(name.prefix(16)))
      } else if let fingerprint = CertificateFingerprint(sdp: text) {
        found.append(fingerprint)
      } else {
        throw .fingerprintInvalid(String(text.prefix(200)))
      }
    }
    guard !found.isEmpty else { throw .fingerprintAlgorithm(refused) }
    return found
  }
}

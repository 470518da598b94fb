/// The master keys and salts of one SRTP session, seen from one side (RFC 5764 section 4.2).
public struct SRTPKeyingMaterial: Sendable {
  public let profile: SRTPProfile
  /// What we send with: key, then salt.
  public let local: [UInt8]
  /// What the peer sends with: key, then salt.
  public let remote: [UInt8]

  /// `nil` when a length is not `profile.keyLength + profile.saltLength`.
  public init?(profile: SRTPProfile, local: [UInt8], remote: [UInt8]) {
    let length = profile.keyLength + profile.saltLength
    guard local.count == length, remote.count == length else { return nil }
    self.profile = profile
    self.local = local
    self.remote = remote
  }

  private init(unchecked profile: SRTPProfile, local: [UInt8], remote: [UInt8]) {
    self.profile = profile
    self.local = local
    self.remote = remote
  }

  /// The same keys as the other side sees them.
  public var mirrored: SRTPKeyingMaterial {
    SRTPKeyingMaterial(unchecked: profile, local: remote, remote: local)
  }
}

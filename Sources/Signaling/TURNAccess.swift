internal import Consultation
internal import FoundationEssentials
internal import Wire

/// TURN servers (RFC 8656) that share a secret with us, and what a participant needs to use them.
///
/// The credentials end by themselves: the username is when they do, and who they are for; the
/// password proves that whoever made it has the secret. This is the form of "A REST API for Access to
/// TURN Services" (draft-uberti-behave-turn-rest-00), coturn's `use-auth-secret`.
public struct TURNAccess: Hashable, Sendable {
  /// `turn.urls`: URIs of RFC 7065, as `turn:turn.example.org?transport=tcp`.
  public var urls: [String]
  /// `turn.secret`: coturn's `static-auth-secret`.
  public var secret: String
  /// `turn.lifetime`: seconds. An allocation is refreshed with the same credentials, so that it must
  /// outlast a consultation.
  public var lifetime: Int

  public init(urls: [String], secret: String, lifetime: Int) {
    self.urls = urls
    self.secret = secret
    self.lifetime = lifetime
  }

  /// - Parameter participant: stands in the logs of the TURN server; it is random and names nobody.
  func server(for participant: ParticipantID, at now: WallClock) -> ICEServer {
    let expiry = now.advanced(bySeconds: Int64(lifetime)).milliseconds / 1000
    var username = "\(expiry):\(participant)"
    let code = username.withUTF8 { octets in
      STUNKey(password: secret).code(of: UnsafeRawBufferPointer(octets))
    }
    return ICEServer(
      urls: urls, username: username, credential: Data(code).base64EncodedString())
  }
}

extension SignalingConfiguration {
  /// What a participant is told in `joined` or `Link`.
  func iceServers(for participant: ParticipantID, at now: WallClock) -> [ICEServer] {
    guard let turn, !turn.urls.isEmpty else { return iceServers }
    return iceServers + [turn.server(for: participant, at: now)]
  }
}

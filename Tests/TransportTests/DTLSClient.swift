import COpenSSL
import Wire

@testable import Transport

/// A client that shakes hands with a `PeerTransport`: the active side of our own DTLS, with faults
/// on the way.
final class DTLSClient {
  /// One certificate of each kind for all tests: generating RSA keys is slow.
  static let ecdsa = Result { try DTLSCertificate.generate() }
  static let rsa = Result { try DTLSCertificate.generate(.rsa2048) }
  static let server = Result { try DTLSContext(certificate: try DTLSCertificate.generate()) }

  let context: DTLSContext
  let dtls: DTLSTransport
  private(set) var srtp: SRTPSession?

  /// - Parameters:
  ///   - helloPadding: octets that make the ClientHello as long as one with a post-quantum key share.
  init?(
    certificate: DTLSCertificate, expecting server: [CertificateFingerprint],
    profiles: [SRTPProfile] = DTLSContext.defaultProfiles, mtu: Int = 1200, helloPadding: Int = 0,
    maximumVersion: Int32? = nil, ciphers: String? = nil
  ) throws {
    context = try DTLSContext(certificate: certificate, profiles: profiles)
    if helloPadding > 0 {
      // A list of protocol names, one octet of length and 99 of name each.
      let names = (0..<helloPadding / 100).flatMap { _ in [99] + [UInt8](repeating: 97, count: 99) }
      SSL_CTX_set_alpn_protos(context.pointer, names, UInt32(names.count))
    }
    if let maximumVersion {
      SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, 0, nil)
      SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(maximumVersion), nil)
    }
    if let ciphers { SSL_CTX_set_cipher_list(context.pointer, ciphers) }
    guard
      let dtls = DTLSTransport(context: context, role: .active, expected: server, mtu: mtu)
    else { return nil }
    self.dtls = dtls
  }

  func start(_ wire: TestWire) -> [[UInt8]] {
    wire.collect { dtls.start(now: wire.now, arena: wire.arena, path: .test(1), into: &$0) }
      .map(\.bytes)
  }

  func receive(_ bytes: [UInt8], _ wire: TestWire) -> [[UInt8]] {
    let answers = wire.collect { out in
      bytes.withUnsafeBytes { datagram in
        _ = dtls.receive(datagram, now: wire.now, arena: wire.arena, path: .test(1), into: &out)
      }
    }
    if srtp == nil, let keys = dtls.keyingMaterial() { srtp = SRTPSession(keys) }
    return answers.map(\.bytes)
  }

  func timeout(_ wire: TestWire) -> [[UInt8]] {
    wire.collect {
      dtls.handleTimeout(now: wire.now, arena: wire.arena, path: .test(1), into: &$0)
    }.map(\.bytes)
  }

  func close(_ wire: TestWire) -> [[UInt8]] {
    wire.collect { dtls.close(arena: wire.arena, path: .test(1), into: &$0) }.map(\.bytes)
  }

  func protectRTP(_ packet: [UInt8]) -> [UInt8]? {
    var buffer = packet + [UInt8](repeating: 0, count: 32)
    let length = buffer.withUnsafeMutableBytes { srtp?.protectRTP($0, length: packet.count) }
    return length.map { Array(buffer.prefix($0)) }
  }

  func unprotectRTP(_ packet: [UInt8]) -> [UInt8]? {
    var buffer = packet
    let outcome = buffer.withUnsafeMutableBytes { srtp?.unprotectRTP($0, length: packet.count) }
    guard case .packet(let length) = outcome else { return nil }
    return Array(buffer.prefix(length))
  }
}

internal import NIOSSL
internal import Synchronization

/// The TLS certificate of the server, read from PEM files and read again on demand. Connections
/// that exist keep the one that they began with.
final class CertificateSource: Sendable {
  private let files: SignalingConfiguration.CertificateFiles
  private let current: Mutex<NIOSSLContext>

  init(_ files: SignalingConfiguration.CertificateFiles) throws(SignalingServiceError) {
    self.files = files
    current = Mutex(try Self.load(files))
  }

  var context: NIOSSLContext { current.withLock { $0 } }

  /// - Throws: when the files cannot be used; then the certificate stays what it was.
  func reload() throws(SignalingServiceError) {
    let fresh = try Self.load(files)
    current.withLock { $0 = fresh }
  }

  private static func load(
    _ files: SignalingConfiguration.CertificateFiles
  ) throws(SignalingServiceError) -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
    } catch {
      throw .certificate(
        "http.tls.certificate: \(files.certificate) is not a PEM certificate chain")
    }
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(file: files.key, format: .pem)
    } catch {
      throw .certificate("http.tls.key: \(files.key) is not a PEM private key")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw .certificate(
        "http.tls: the key \(files.key) does not belong to the certificate \(files.certificate)")
    }
  }
}

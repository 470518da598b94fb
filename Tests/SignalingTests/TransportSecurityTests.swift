import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

@testable import Signaling

@Suite("HTTPS")
struct TransportSecurityTests {
  private static let openssl = "/usr/bin/openssl"

  /// A self-signed certificate and its key in a folder that is removed after `body`.
  private static func withCertificate<Result>(
    _ body: (SignalingConfiguration.CertificateFiles) async throws -> Result
  ) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("visavis-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = SignalingConfiguration.CertificateFiles(
      certificate: folder.appendingPathComponent("certificate.pem").path,
      key: folder.appendingPathComponent("key.pem").path)
    try make(files)
    return try await body(files)
  }

  private static func make(_ files: SignalingConfiguration.CertificateFiles) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: openssl)
    process.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
      "/CN=localhost", "-days", "2", "-keyout", files.key, "-out", files.certificate,
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  /// The certificate that the server shows, and its answer to a request.
  private func ask(_ port: Int) async throws -> (certificate: [UInt8], answer: String) {
    let seen = Seen()
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    let context = try NIOSSLContext(configuration: configuration)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(
              context: context, serverHostname: "localhost",
              customVerificationCallback: { certificates, promise in
                seen.certificate.withLock {
                  $0 = (try? certificates.first?.toDERBytes()) ?? []
                }
                promise.succeed(.certificateVerified)
              }))
          return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    let answer = try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(
        ByteBuffer(string: "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"))
      var answer = ""
      for try await buffer in inbound {
        answer += String(buffer: buffer)
        if answer.contains("\"live\"") { break }
      }
      return answer
    }
    return (seen.certificate.withLock { $0 }, answer)
  }

  private final class Seen: Sendable {
    let certificate = Mutex<[UInt8]>([])
  }

  @Test(
    "a certificate is used, replaced without a restart, and kept when the new one is bad",
    .enabled(if: FileManager.default.isExecutableFile(atPath: openssl)))
  func reload() async throws {
    try await Self.withCertificate { files in
      try await LiveServer.run({ $0.tls = files }) { server in
        let first = try await ask(server.port)
        #expect(first.answer.hasPrefix("HTTP/1.1 200 OK"))
        #expect(first.answer.contains("Strict-Transport-Security"))
        #expect(!first.certificate.isEmpty)

        try Self.make(files)
        #expect(try await ask(server.port).certificate == first.certificate)
        try server.service.reloadCertificates()
        let second = try await ask(server.port)
        #expect(second.certificate != first.certificate)

        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: files.key))
        #expect(throws: SignalingServiceError.self) {
          try server.service.reloadCertificates()
        }
        #expect(try await ask(server.port).certificate == second.certificate)
      }
    }
  }

  @Test("files that are no certificate are told by their setting")
  func missingFiles() async {
    let files = SignalingConfiguration.CertificateFiles(
      certificate: "/nowhere/certificate.pem", key: "/nowhere/key.pem")
    do {
      try await LiveServer.run({ $0.tls = files }) { _ in }
      Issue.record("started")
    } catch {
      #expect("\(error)".contains("http.tls.certificate"))
    }
  }
}

import Glibc
import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// The seeds that scenarios run with: `VISAVIS_SEED` to replay one, else the first few.
enum Seeds {
  static func first(_ count: Int) -> [UInt64] {
    if let text = getenv("VISAVIS_SEED"), let seed = UInt64(String(cString: text)) {
      return [seed]
    }
    return (1...UInt64(count)).map { $0 &* 0x9E37_79B9_7F4A_7C15 }
  }
}

extension Scenario {
  /// One context for all: no handshake takes place.
  private static let dtls: Result<DTLSContext, DTLSError> = Result {
    () throws(DTLSError) -> DTLSContext in
    try DTLSContext(certificate: try DTLSCertificate.generate())
  }

  static func make(
    seed: UInt64, _ change: (inout WorkerConfiguration) -> Void = { _ in }
  ) throws -> Scenario {
    var configuration = WorkerConfiguration()
    configuration.arenaSlots = 4096
    configuration.arenaReserve = 256
    change(&configuration)
    return Scenario(seed: seed, dtls: try dtls.get(), configuration: configuration)
  }

  /// Fails the test with the seed to replay it by.
  func expect(
    _ wrong: [String], _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      wrong.isEmpty, "\(what), VISAVIS_SEED=\(seed): \(wrong.prefix(5))",
      sourceLocation: sourceLocation)
  }

  var replay: Comment { "VISAVIS_SEED=\(seed)" }
}

internal import Foundation
internal import MediaEngine
internal import MediaIO
internal import Signaling
internal import Transport
internal import Wire

/// The media workers on their threads.
struct MediaPlane {
  let workers: [MediaWorker]
  let fingerprint: CertificateFingerprint
  private let threads: [WorkerThread]

  init(_ settings: Settings.Media, engine: SRTPEngine) throws {
    var configuration = WorkerConfiguration()
    configuration.srtpEngine = engine
    let certificate = try DTLSCertificate.generate()
    let context = try DTLSContext(certificate: certificate)
    let announced = settings.announcedAddresses.compactMap { IPAddress(text: $0) }
    let addresses = announced.isEmpty ? InterfaceAddresses.usable() : announced
    let count =
      settings.workers > 0 ? settings.workers : ProcessInfo.processInfo.activeProcessorCount
    var threads: [WorkerThread] = []
    var workers: [MediaWorker] = []
    for index in 0..<count {
      let port = settings.port == 0 ? 0 : settings.port + index
      let (thread, handle) = try WorkerThread.start(
        index: index, port: UInt16(clamping: port), tcp: settings.tcp, configuration: configuration,
        dtls: context, coalesce: .milliseconds(Int64(settings.coalesce)))
      threads.append(thread)
      workers.append(
        MediaWorker(handle, addresses: addresses, hasTCP: settings.tcp) {
          Self.refusals(thread.counters) + Self.refusals(thread.tcpCounters)
        })
    }
    self.threads = threads
    self.workers = workers
    fingerprint = certificate.fingerprint
  }

  private static func refusals(_ counters: DatagramCounters) -> [(String, UInt64)] {
    [
      ("tooLong", counters.tooLong), ("noSlot", counters.discarded),
      ("overflow", UInt64(counters.overflowed)), ("receiveError", counters.receiveErrors),
      ("sendBufferFull", counters.sendRefused), ("sendFailed", counters.sendFailed),
    ]
  }

  private static func refusals(_ tcp: ICETCPCounters) -> [(String, UInt64)] {
    [
      ("tcpRefused", tcp.refused), ("tcpExhausted", tcp.exhausted),
      ("tcpUnauthenticated", tcp.unauthenticated), ("tcpAbandoned", tcp.abandoned),
      ("tcpMalformed", tcp.malformed), ("tcpNoSlot", tcp.discarded),
      ("tcpSlowReader", tcp.sendRefused), ("tcpGone", tcp.sendFailed),
    ]
  }

  func stop() {
    for thread in threads { thread.stop() }
  }
}

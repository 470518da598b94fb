import MediaEngine
import Testing
import Transport
import Wire

/// A worker with its arena and batch; what it sends as plain values.
final class WorkerHarness {
  static let server = Result { try DTLSContext(certificate: try .generate()) }
  static let client = Result { try DTLSContext(certificate: try .generate()) }

  let arena: PacketArena
  let worker: Worker
  var now = MediaInstant(nanoseconds: 5_000_000_000)
  var events: [WorkerEvent] = []
  private var batch: OutboundBatch

  init(_ change: (inout WorkerConfiguration) -> Void = { _ in }) throws {
    var configuration = WorkerConfiguration()
    configuration.arenaSlots = 1024
    configuration.arenaReserve = 64
    configuration.maximumPeers = 8
    configuration.maximumPublications = 16
    configuration.maximumSubscriptions = 16
    change(&configuration)
    arena = PacketArena(slotCount: configuration.arenaSlots)
    worker = Worker(
      configuration: configuration, arena: arena, dtls: try Self.server.get(), seed: 7,
      wallOffset: .seconds(1_700_000_000))
    batch = OutboundBatch(capacity: 256, arena: arena)
  }

  static func path(_ port: UInt16) -> NetworkPath {
    NetworkPath(
      remote: TransportAddress(ip: IPAddress(v4: 0xC000_0201), port: port),
      local: IPAddress(v4: 0xC633_6401))
  }

  static func credentials(_ name: String) -> ICECredentials {
    var secret = SecretRandom()
    return ICECredentials(
      usernameFragment: name, password: String(repeating: "x", count: 22))
      ?? .random(from: &secret)
  }

  func command(_ command: WorkerCommand) -> [[UInt8]] {
    worker.handle(command, now: now, into: &batch)
    return take()
  }

  func addPeer(_ number: UInt64, _ name: String) throws {
    let fingerprint = try Self.client.get().certificate.fingerprint
    _ = command(
      .addPeer(
        PeerID(rawValue: number),
        PeerParameters(
          local: Self.credentials(name), remote: Self.credentials("remote"),
          remoteFingerprints: [fingerprint])))
  }

  @discardableResult
  func receive(_ datagram: [UInt8], from port: UInt16) throws -> [[UInt8]] {
    let slot = try #require(arena.allocate())
    datagram.withUnsafeBytes { arena.buffer(slot).copyMemory(from: $0) }
    worker.receive(
      slot, length: datagram.count, path: Self.path(port), now: now, into: &batch)
    return take()
  }

  func timeout() -> [[UInt8]] {
    worker.handleTimeout(now: now, into: &batch)
    return take()
  }

  /// Lets time pass, calling the worker whenever it wants to be.
  func advance(_ span: MediaDuration) -> [[UInt8]] {
    let end = now + span
    var sent: [[UInt8]] = []
    while let next = worker.nextDeadline, next <= end {
      now = max(now, next)
      sent += timeout()
    }
    now = end
    return sent
  }

  private func take() -> [[UInt8]] {
    let sent = batch.entries.map { Array(UnsafeRawBufferPointer(batch.bytes(of: $0))) }
    batch.removeAll()
    events += worker.takeEvents()
    return sent
  }

  /// What a browser says to a check of ours.
  static func answer(_ question: [UInt8], password: String? = nil) throws -> [UInt8] {
    let transaction = try #require(question.withUnsafeBytes { STUNMessage($0)?.transactionID })
    var octets = [UInt8](repeating: 0, count: 100)
    let length = octets.withUnsafeMutableBytes { buffer in
      var writer = STUNWriter(into: buffer, class: .successResponse, transactionID: transaction)
      writer.appendXORMappedAddress(path(1).remote)
      return writer.finish(key: STUNKey(password: password ?? credentials("remote").password))
    }
    return Array(octets.prefix(try #require(length)))
  }

  /// A connectivity check to the peer that was added under `name`.
  static func check(_ name: String, password: String? = nil, useCandidate: Bool = true) throws
    -> [UInt8]
  {
    var octets = [UInt8](repeating: 0, count: 300)
    let key = STUNKey(password: password ?? credentials(name).password)
    let length = octets.withUnsafeMutableBytes { buffer in
      var writer = STUNWriter(
        into: buffer, class: .request,
        transactionID: STUNTransactionID(high: 0x0102_0304_0506_0708, low: 9))
      writer.append(.username, text: "\(name):remote")
      writer.append(.priority, uint32: 1)
      writer.append(.iceControlling, uint64: 77)
      if useCandidate { writer.append(.useCandidate) }
      return writer.finish(key: key)
    }
    return Array(octets.prefix(try #require(length)))
  }
}

/// A client that checks, shakes hands and then speaks SRTP.
final class TestClient {
  let port: UInt16
  let name: String
  private let harness: WorkerHarness
  private let dtls: DTLSInitiator
  private let arena = PacketArena(slotCount: 64)
  private(set) var srtp: SRTPSession?

  init(_ harness: WorkerHarness, name: String, port: UInt16) throws {
    self.harness = harness
    self.name = name
    self.port = port
    let server = try WorkerHarness.server.get().certificate.fingerprint
    dtls = try #require(
      DTLSInitiator(context: try WorkerHarness.client.get(), expected: [server]))
  }

  deinit { arena.deallocate() }

  func check() throws -> [[UInt8]] {
    try harness.receive(try WorkerHarness.check(name), from: port)
  }

  /// Check, then the handshake: a few datagrams each way, a turn each.
  func connect() throws {
    #expect(try check().count == 1)
    var flight = collect { [dtls, arena, port, harness] in
      dtls.start(
        now: harness.now, arena: arena, path: WorkerHarness.path(port), into: &$0)
    }
    for _ in 0..<10 where srtp == nil {
      var answers: [[UInt8]] = []
      for datagram in flight { answers += try harness.receive(datagram, from: port) }
      answers += harness.timeout()
      flight = []
      for answer in answers where (20...63).contains(answer[0]) {
        flight += collect { [dtls, arena, port, harness] out in
          answer.withUnsafeBytes {
            dtls.receive(
              $0, now: harness.now, arena: arena, path: WorkerHarness.path(port), into: &out)
          }
        }
      }
      if let keys = dtls.keyingMaterial() {
        for datagram in flight { _ = try harness.receive(datagram, from: port) }
        _ = harness.timeout()
        srtp = SRTPSession(keys)
      }
    }
  }

  func close() throws {
    let goodbye = collect { [dtls, arena, port] in
      dtls.close(arena: arena, path: WorkerHarness.path(port), into: &$0)
    }
    for datagram in goodbye { _ = try harness.receive(datagram, from: port) }
    _ = harness.timeout()
  }

  /// Sends one RTP packet with a mid.
  func send(
    payloadType: UInt8, sequence: UInt16, ssrc: UInt32, mid: String?, payload: [UInt8],
    from other: UInt16? = nil
  ) throws -> [[UInt8]] {
    let slot = try #require(arena.allocate())
    defer { arena.release(slot) }
    let buffer = arena.buffer(slot)
    guard
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: payloadType, marker: false, sequenceNumber: sequence,
        timestamp: UInt32(sequence) * 960, ssrc: SSRC(ssrc))
    else { return [] }
    if let mid, let tag = MediaIdentificationTag(mid) { writer.append(id: 4, mid: tag) }
    guard let start = writer.finish() else { return [] }
    payload.withUnsafeBytes { buffer.setBytes($0, at: start) }
    let length = try #require(srtp?.protectRTP(buffer, length: start + payload.count))
    return try harness.receive(Array(buffer[..<length]), from: other ?? port)
  }

  /// Sends what `write` writes as RTCP.
  func sendRTCP(_ write: (UnsafeMutableRawBufferPointer) -> Int?) throws -> [[UInt8]] {
    let slot = try #require(arena.allocate())
    defer { arena.release(slot) }
    let buffer = arena.buffer(slot)
    let written = try #require(write(buffer))
    let length = try #require(srtp?.protectRTCP(buffer, length: written))
    return try harness.receive(Array(buffer[..<length]), from: port)
  }

  /// The plaintext of a datagram for this client.
  func open(_ datagram: [UInt8]) throws -> [UInt8] {
    let slot = try #require(arena.allocate())
    defer { arena.release(slot) }
    let buffer = arena.buffer(slot)
    datagram.withUnsafeBytes { buffer.copyMemory(from: $0) }
    let isRTCP = (192...223).contains(datagram[1])
    let outcome =
      isRTCP
      ? srtp?.unprotectRTCP(buffer, length: datagram.count)
      : srtp?.unprotectRTP(buffer, length: datagram.count)
    guard case .packet(let length) = outcome else { return [] }
    return Array(buffer[..<length])
  }

  private func collect(_ send: (inout OutboundBatch) -> Void) -> [[UInt8]] {
    var out = OutboundBatch(capacity: 16, arena: arena)
    send(&out)
    let sent = out.entries.map { Array(UnsafeRawBufferPointer(out.bytes(of: $0))) }
    out.removeAll()
    return sent
  }
}

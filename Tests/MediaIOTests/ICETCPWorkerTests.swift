import MediaEngine
import Testing
import Wire

@testable import MediaIO
@testable import Transport

/// A peer whose network blocks UDP: everything over one TCP connection to the port of the worker.
@Suite struct ICETCPWorkerTests {
  private static let server = Result { try DTLSContext(certificate: try .generate()) }
  private static let client = Result { try DTLSContext(certificate: try .generate()) }

  private func start(tcp: Bool) throws -> (thread: WorkerThread, handle: WorkerHandle) {
    var small = WorkerConfiguration()
    small.arenaSlots = 2048
    small.maximumPeers = 8
    return try WorkerThread.start(
      index: 0, port: 0, tcp: tcp, configuration: small, dtls: try Self.server.get())
  }

  @Test("a peer checks and shakes hands over TCP; when it is removed its connection is closed")
  func connects() async throws {
    let (thread, handle) = try start(tcp: true)
    defer { thread.stop() }
    var secret = SecretRandom()
    let local = ICECredentials.random(from: &secret)
    let remote = ICECredentials.random(from: &secret)
    let context = try Self.client.get()
    let peer = PeerID(rawValue: 1)
    #expect(
      handle.send(
        .addPeer(
          peer,
          PeerParameters(
            local: local, remote: remote,
            remoteFingerprints: [context.certificate.fingerprint]))))
    let client = try StreamPeer(port: handle.port, context: context)
    #expect(try client.check(local, from: remote))
    let fingerprint = try Self.server.get().certificate.fingerprint
    #expect(try client.shakeHands(expecting: fingerprint) == .connected(.aeadAES128GCM))
    #expect(try client.check(local, from: remote))
    #expect(handle.send(.removePeer(peer)))
    #expect(client.waitForGoodbye() == .closed)
    #expect(client.stream.seesEnd(within: 5))
    // Last: a task that waits may get its thread back only after a minute, while others compute,
    // and by then the worker has closed a connection that says nothing.
    var events = handle.events.makeAsyncIterator()
    guard case .peerConnected(peer, .aeadAES128GCM) = await events.next()?.first else {
      Issue.record("the worker did not tell of the connection")
      return
    }
  }

  @Test("without media.tcp nothing listens, and the port is not taken by others' listening")
  func off() throws {
    let (thread, handle) = try start(tcp: false)
    defer { thread.stop() }
    #expect(StreamClient(port: handle.port) == nil)
  }

  @Test("a TCP port that another has is told as such")
  func portInUse() throws {
    let (thread, handle) = try start(tcp: true)
    let port = handle.port
    thread.stop()
    let listener = try ICETCPListener(port: port, isDualStack: true)
    let error = #expect(throws: MediaIOError.self) {
      try WorkerThread.start(
        index: 0, port: port, tcp: true, configuration: WorkerConfiguration(),
        dtls: try Self.server.get())
    }
    #expect(error == .tcpPortInUse(port))
    listener.close()
    let again = try WorkerThread.start(
      index: 0, port: port, tcp: true, configuration: WorkerConfiguration(),
      dtls: try Self.server.get())
    again.thread.stop()
  }
}

/// A connection with a full client behind it: checks, then DTLS.
private final class StreamPeer {
  let stream: StreamClient
  private let arena = PacketArena(slotCount: 256)
  private let context: DTLSContext
  private let path: NetworkPath
  private var dtls: DTLSTransport?

  init(port: UInt16, context: DTLSContext) throws {
    stream = try #require(StreamClient(port: port))
    self.context = context
    path = NetworkPath(
      remote: TransportAddress(ip: IPAddress(v4: 0x7F00_0001), port: port, transport: .tcp),
      local: .unspecified)
  }

  deinit { arena.deallocate() }

  private func send(_ out: inout OutboundBatch) {
    for entry in out.entries { stream.send(StreamClient.frame(Array(out.bytes(of: entry)))) }
    out.removeAll()
  }

  /// One connectivity check, repeated until it is answered; octet by octet at first.
  func check(_ local: ICECredentials, from remote: ICECredentials) throws -> Bool {
    for attempt in 0..<20 {
      let slot = try #require(arena.allocate())
      defer { arena.release(slot) }
      var writer = STUNWriter(
        into: arena.buffer(slot), class: .request,
        transactionID: STUNTransactionID(high: 1, low: UInt32(attempt)))
      writer.append(.username, text: "\(local.usernameFragment):\(remote.usernameFragment)")
      writer.append(.iceControlling, uint64: 1)
      writer.append(.priority, uint32: 1)
      writer.append(.useCandidate)
      let written = writer.finish(key: STUNKey(password: local.password))
      let length = try #require(written)
      let frame = StreamClient.frame(Array(arena.buffer(slot)[..<length]))
      if attempt == 0 {
        for octet in frame { stream.send([octet]) }
      } else {
        stream.send(frame)
      }
      while let answer = stream.receive() {
        if answer.withUnsafeBytes({ STUNMessage($0)?.messageClass == .successResponse }) {
          return true
        }
      }
    }
    return false
  }

  func shakeHands(expecting fingerprint: CertificateFingerprint) throws -> DTLSTransport.State {
    var out = OutboundBatch(capacity: 64, arena: arena)
    let dtls = try #require(
      DTLSTransport(context: context, role: .active, expected: [fingerprint]))
    self.dtls = dtls
    dtls.start(now: SystemClock.now(), arena: arena, path: path, into: &out)
    send(&out)
    for _ in 0..<40 where dtls.state == .handshaking {
      if let datagram = stream.receive() { take(datagram, dtls, &out) }
      dtls.handleTimeout(now: SystemClock.now(), arena: arena, path: path, into: &out)
      send(&out)
    }
    return dtls.state
  }

  func waitForGoodbye() -> DTLSTransport.State? {
    var out = OutboundBatch(capacity: 64, arena: arena)
    for _ in 0..<20 where dtls?.state == .connected(.aeadAES128GCM) {
      if let dtls, let datagram = stream.receive() { take(datagram, dtls, &out) }
    }
    out.removeAll()
    return dtls?.state
  }

  private func take(
    _ datagram: [UInt8], _ dtls: DTLSTransport, _ out: inout OutboundBatch
  ) {
    datagram.withUnsafeBytes {
      _ = dtls.receive($0, now: SystemClock.now(), arena: arena, path: path, into: &out)
    }
  }
}

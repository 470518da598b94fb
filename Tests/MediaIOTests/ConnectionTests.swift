import MediaEngine
import Testing
import Wire

@testable import MediaIO
@testable import Transport

/// A peer of our own code, over real sockets, against a worker on its thread.
@Suite struct ConnectionTests {
  private static let server = Result { try DTLSContext(certificate: try .generate()) }
  private static let client = Result { try DTLSContext(certificate: try .generate()) }

  @Test(
    "a peer checks, shakes hands and is connected, and is told when it is removed",
    arguments: [IPAddress(v4: 0x7F00_0001), IPAddress(high: 0, low: 1)])
  func connects(_ ip: IPAddress) async throws {
    guard InterfaceAddresses.usable().contains(ip) else { return }
    var small = WorkerConfiguration()
    small.arenaSlots = 2048
    small.maximumPeers = 8
    // However long this task waits for a thread of its own while other tests compute.
    small.consentTimeout = .seconds(600)
    let server = try Self.server.get()
    let (thread, handle) = try WorkerThread.start(
      index: 0, port: 0, configuration: small, dtls: server)
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
    let path = NetworkPath(
      remote: TransportAddress(ip: ip, port: handle.port), local: .unspecified)
    let client = try SocketPeer(context: context, path: path)
    let connected = try client.connect(
      to: local, from: remote, expecting: server.certificate.fingerprint)
    #expect(connected == .connected(.aeadAES128GCM))
    var events = handle.events.makeAsyncIterator()
    guard case .peerConnected(peer, .aeadAES128GCM) = await events.next()?.first else {
      Issue.record("the worker did not tell of the connection")
      return
    }
    // More than the 30 s of RFC 7675 may have passed since the last check, and then nothing is sent
    // any more.
    #expect(try client.check(local, from: remote))
    #expect(handle.send(.removePeer(peer)))
    #expect(try client.waitForGoodbye() == .closed)
  }
}

/// A socket with a full client behind it: checks, then DTLS.
final class SocketPeer {
  private let arena = PacketArena(slotCount: 256)
  private let socket: DatagramSocket
  private let poller: Poller
  private let path: NetworkPath
  private let context: DTLSContext
  private var dtls: DTLSTransport?

  init(context: DTLSContext, path: NetworkPath) throws {
    socket = try DatagramSocket(port: 0, sendCapacity: 64)
    poller = try Poller(socket: socket, event: try WakeEvent())
    self.path = path
    self.context = context
  }

  deinit {
    socket.releaseSlots(arena: arena)
    arena.deallocate()
  }

  /// What arrives within a second, one batch.
  private func receive() -> [[UInt8]] {
    _ = poller.wait(.seconds(1))
    return (0..<socket.receive(arena: arena)).compactMap { place in
      guard let datagram = socket.take(place) else { return nil }
      defer { arena.release(datagram.slot) }
      return Array(arena.buffer(datagram.slot)[..<datagram.length])
    }
  }

  /// One connectivity check, repeated until it is answered.
  func check(_ local: ICECredentials, from remote: ICECredentials) throws -> Bool {
    var out = OutboundBatch(capacity: 64, arena: arena)
    // The command that makes the peer is on another way than the check: repeat it as browsers do.
    var isChecked = false
    for attempt in 0..<20 where !isChecked {
      let slot = try #require(arena.allocate())
      var writer = STUNWriter(
        into: arena.buffer(slot), class: .request,
        transactionID: STUNTransactionID(high: 1, low: UInt32(attempt)))
      writer.append(.username, text: "\(local.usernameFragment):\(remote.usernameFragment)")
      writer.append(.iceControlling, uint64: 1)
      writer.append(.priority, uint32: 1)
      writer.append(.useCandidate)
      let written = writer.finish(key: STUNKey(password: local.password))
      let length = try #require(written)
      out.append(slot, length: length, path: path)
      socket.send(&out)
      isChecked = receive().contains { bytes in
        bytes.withUnsafeBytes { STUNMessage($0)?.messageClass == .successResponse }
      }
    }
    return isChecked
  }

  func connect(
    to local: ICECredentials, from remote: ICECredentials,
    expecting fingerprint: CertificateFingerprint
  ) throws -> DTLSTransport.State {
    #expect(try check(local, from: remote))
    var out = OutboundBatch(capacity: 64, arena: arena)
    let dtls = try #require(
      DTLSTransport(context: context, role: .active, expected: [fingerprint]))
    self.dtls = dtls
    dtls.start(now: SystemClock.now(), arena: arena, path: path, into: &out)
    socket.send(&out)
    for _ in 0..<20 where dtls.state == .handshaking {
      for datagram in receive() {
        datagram.withUnsafeBytes { bytes in
          _ = dtls.receive(bytes, now: SystemClock.now(), arena: arena, path: path, into: &out)
        }
      }
      dtls.handleTimeout(now: SystemClock.now(), arena: arena, path: path, into: &out)
      socket.send(&out)
    }
    return dtls.state
  }

  func waitForGoodbye() throws -> DTLSTransport.State {
    let dtls = try #require(self.dtls)
    var out = OutboundBatch(capacity: 64, arena: arena)
    for _ in 0..<10 where dtls.state == .connected(.aeadAES128GCM) {
      for datagram in receive() {
        datagram.withUnsafeBytes { bytes in
          _ = dtls.receive(bytes, now: SystemClock.now(), arena: arena, path: path, into: &out)
        }
      }
    }
    out.removeAll()
    return dtls.state
  }
}

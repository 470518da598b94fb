import COpenSSL
import Glibc
import Testing
import Wire

@testable import Transport

/// Handshakes of a `PeerTransport` with a client, over a wire that loses and swaps. OpenSSL reads its
/// own clock, so lost flights are waited for in real time.
@Suite struct DTLSHandshakeTests {
  let wire = TestWire()
  let local = ICECredentials.test("s")
  let remote = ICECredentials.test("c")
  let path = NetworkPath.test(1)

  /// A datagram on its way; its place among those of its side.
  enum Side { case client, server }
  typealias Fault = (Side, Int) -> Fate
  enum Fate {
    case deliver, lose
    /// After the next one of its flight.
    case swap
  }

  private func server(_ fingerprints: [CertificateFingerprint]) throws -> PeerTransport {
    let peer = PeerTransport(
      local: local, remote: remote, remoteFingerprints: fingerprints,
      context: try DTLSClient.server.get(), timeouts: PeerTransportTimeouts(), now: wire.now)
    let check = TestCheck(to: local, from: remote, useCandidate: true)
    #expect(wire.deliver(check.bytes, to: peer, path: path).received == .consumed)
    #expect(peer.takeEvents() == [.addressAdded(path.remote)])
    return peer
  }

  private func client(
    _ certificate: DTLSCertificate, profiles: [SRTPProfile] = DTLSContext.defaultProfiles,
    mtu: Int = 1200, helloPadding: Int = 0, maximumVersion: Int32? = nil,
    ciphers: String? = nil
  ) throws -> DTLSClient {
    try #require(
      try DTLSClient(
        certificate: certificate, expecting: [try DTLSClient.server.get().certificate.fingerprint],
        profiles: profiles, mtu: mtu, helloPadding: helloPadding, maximumVersion: maximumVersion,
        ciphers: ciphers))
  }

  private func realTime() -> MediaInstant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MediaInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// Runs both sides until they are settled; `fault` decides on every datagram. Returns the
  /// datagrams of the server.
  private func shake(
    _ client: DTLSClient, _ peer: PeerTransport, fault: Fault = { _, _ in .deliver }
  ) -> [[UInt8]] {
    var counts: [Side: Int] = [:]
    var fromServer: [[UInt8]] = []
    func through(_ side: Side, _ flight: [[UInt8]]) -> [[UInt8]] {
      var arrived: [[UInt8]] = []
      var late: [[UInt8]] = []
      for datagram in flight {
        let index = counts[side, default: 0]
        counts[side] = index + 1
        switch fault(side, index) {
        case .deliver:
          arrived.append(datagram)
          arrived += late
          late = []
        case .lose: break
        case .swap: late.append(datagram)
        }
      }
      return arrived + late
    }
    // The instants of OpenSSL's timers are in real time.
    let start = realTime()
    let base = wire.now
    var toServer = through(.client, client.start(wire))
    let end = realTime() + .seconds(20)
    while realTime() < end {
      wire.now = base + (realTime() - start)
      var toClient: [[UInt8]] = []
      for datagram in toServer {
        toClient += wire.deliver(datagram, to: peer, path: path).answers.map(\.bytes)
      }
      toServer = []
      let deadlines = [peer.nextDeadline, client.dtls.deadline].compactMap(\.self)
      if toClient.isEmpty {
        if client.dtls.state != .handshaking, peer.isConnected || isOver(peer) { break }
        // Nothing is on its way: only a retransmission timer can go on.
        guard let next = deadlines.min() else { break }
        let left = (next - wire.now).nanoseconds
        if left > 0 { usleep(UInt32(truncatingIfNeeded: min(left, 3_000_000_000) / 1000 + 500)) }
        wire.now = base + (realTime() - start)
        toClient = wire.timeout(peer).map(\.bytes)
        toServer = through(.client, client.timeout(wire))
      }
      fromServer += toClient
      for datagram in through(.server, toClient) {
        toServer += through(.client, client.receive(datagram, wire))
      }
    }
    return fromServer
  }

  /// Over or not: an ended peer wants no timeout.
  private func isOver(_ peer: PeerTransport) -> Bool { peer.nextDeadline == nil }

  private func exchangeMedia(
    _ client: DTLSClient, _ peer: PeerTransport, sequence: UInt8 = 1
  ) throws {
    let packet: [UInt8] =
      [0x80, 111, 0, sequence, 0, 0, 0, 0, 1, 2, 3, 4] + [UInt8](repeating: 0x55, count: 80)
    let sealed = try #require(client.protectRTP(packet))
    let first = wire.deliver(sealed, to: peer, path: path)
    #expect(first.received == .rtp(length: packet.count))
    #expect(first.plain == packet)
    #expect(wire.deliver(sealed, to: peer, path: path).received == .refused(.srtpReplayed))

    var buffer = packet + [UInt8](repeating: 0, count: 32)
    let length = try #require(
      buffer.withUnsafeMutableBytes { peer.protectRTP($0, length: packet.count) })
    #expect(client.unprotectRTP(Array(buffer[..<length])) == packet)
  }

  @Test(
    "each profile that a client offers alone is taken, and media flows both ways",
    arguments: SRTPProfile.allCases)
  func profiles(_ profile: SRTPProfile) throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, profiles: [profile])
    let sent = shake(client, peer)
    #expect(peer.takeEvents() == [.connected(profile)])
    #expect(client.dtls.state == .connected(profile))
    #expect(sent.allSatisfy { $0.count <= 1200 })
    try exchangeMedia(client, peer)
  }

  @Test("we choose, whatever order the client prefers")
  func preference() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, profiles: DTLSContext.defaultProfiles.reversed())
    _ = shake(client, peer)
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)])
  }

  @Test("an RSA certificate of the client does as well")
  func rsa() throws {
    let certificate = try DTLSClient.rsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate)
    _ = shake(client, peer)
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)])
    try exchangeMedia(client, peer)
  }

  @Test("one of several fingerprints must match")
  func severalFingerprints() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let sha512 = try #require(CertificateFingerprint(of: certificate.x509, .sha512))
    let peer = try server([try DTLSClient.rsa.get().fingerprint, sha512])
    _ = shake(try client(certificate), peer)
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)])
  }

  @Test("a certificate that matches no fingerprint ends the peer, and nothing is decrypted")
  func wrongFingerprint() throws {
    for expected in [[try DTLSClient.rsa.get().fingerprint], []] {
      let peer = try server(expected)
      let client = try client(try DTLSClient.ecdsa.get())
      _ = shake(client, peer)
      #expect(peer.takeEvents() == [.addressRemoved(path.remote), .failed(.fingerprintMismatch)])
      #expect(!peer.isConnected)
      #expect(peer.sendPath == nil)
      #expect(client.dtls.state == .failed(.dtlsError))
      var packet = [UInt8](repeating: 0x80, count: 60)
      #expect(packet.withUnsafeMutableBytes { peer.protectRTP($0, length: 20) } == nil)
      #expect(wire.deliver(packet, to: peer, path: path).received == .refused(.srtpNotReady))
      packet[0] = 22
      #expect(wire.deliver(packet, to: peer, path: path).received == .refused(.dtlsRefused))
    }
  }

  @Test("a client without a common SRTP profile fails")
  func noProfile() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    _ = shake(try client(certificate, profiles: []), peer)
    #expect(peer.takeEvents() == [.addressRemoved(path.remote), .failed(.dtlsError)])
  }

  @Test("DTLS 1.0 is refused")
  func oldVersion() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, maximumVersion: DTLS1_VERSION)
    _ = shake(client, peer)
    #expect(!peer.isConnected)
    #expect(client.dtls.state == .failed(.dtlsError))
  }

  // MARK: A ClientHello of two datagrams

  @Test(
    "a ClientHello with a post-quantum key share comes in two datagrams, in either order",
    arguments: [false, true])
  func swappedHello(_ swapped: Bool) throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, helloPadding: 1300)
    var hello = 0
    _ = shake(client, peer) { side, index in
      if side == .client, index < 2 { hello += 1 }
      return swapped && side == .client && index == 0 ? .swap : .deliver
    }
    #expect(hello == 2)
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)])
  }

  @Test("many small fragments in reverse order")
  func reversedHello() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, mtu: 300, helloPadding: 1300)
    _ = shake(client, peer) { side, index in side == .client && index < 5 ? .swap : .deliver }
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)])
  }

  @Test("any one datagram of the handshake may be lost", arguments: [Side.client, .server], 0..<7)
  func lost(_ side: Side, _ lost: Int) throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, mtu: 500, helloPadding: 1300)
    _ = shake(client, peer) { $0 == side && $1 == lost ? .lose : .deliver }
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)])
    #expect(client.dtls.state == .connected(.aeadAES128GCM))
    try exchangeMedia(client, peer)
  }

  @Test("a third of all datagrams lost or swapped still ends connected", arguments: 1...3)
  func rough(_ seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, mtu: 600, helloPadding: 1300)
    _ = shake(client, peer) { _, _ in
      switch random.next() % 6 {
      case 0: .lose
      case 1: .swap
      default: .deliver
      }
    }
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)], "seed \(seed)")
  }

  @Test("garbage and forged records between the flights do not disturb the handshake")
  func garbage() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate, helloPadding: 1300)
    var random = SeededRandom(seed: 11)
    var toServer = client.start(wire)
    while !toServer.isEmpty {
      var toClient: [[UInt8]] = []
      for datagram in toServer {
        for first: UInt8 in [20, 21, 23, 24, 40, 63] {
          var noise = (0..<80).map { _ in UInt8(truncatingIfNeeded: random.next()) }
          noise[0] = first
          _ = wire.deliver(noise, to: peer, path: path)
        }
        _ = wire.deliver(Array(datagram.prefix(datagram.count / 2)), to: peer, path: path)
        toClient += wire.deliver(datagram, to: peer, path: path).answers.map(\.bytes)
      }
      toServer = toClient.flatMap { client.receive($0, wire) }
    }
    #expect(peer.takeEvents() == [.connected(.aeadAES128GCM)])
    try exchangeMedia(client, peer)
  }

  // MARK: Paths and the end

  @Test("DTLS from an address that ICE has not proved is refused and costs nothing")
  func unverifiedPath() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate)
    for datagram in client.start(wire) {
      let result = wire.deliver(datagram, to: peer, path: .test(2))
      #expect(result.received == .refused(.dtlsUnverifiedPath))
      #expect(result.answers.isEmpty)
    }
  }

  @Test("close_notify from either side ends the association")
  func goodbye() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let first = try server([certificate.fingerprint])
    let leaving = try client(certificate)
    _ = shake(leaving, first)
    #expect(first.takeEvents() == [.connected(.aeadAES128GCM)])
    for datagram in leaving.close(wire) { _ = wire.deliver(datagram, to: first, path: path) }
    #expect(first.takeEvents() == [.addressRemoved(path.remote), .failed(.closedByPeer)])
    #expect(first.nextDeadline == nil)

    let second = try server([certificate.fingerprint])
    let staying = try client(certificate)
    _ = shake(staying, second)
    _ = second.takeEvents()
    let goodbye = wire.collect { second.close(arena: wire.arena, into: &$0) }
    #expect(goodbye.count == 1)
    #expect(second.takeEvents() == [.addressRemoved(path.remote)])
    for datagram in goodbye { _ = staying.receive(datagram.bytes, wire) }
    #expect(staying.dtls.state == .closed)
    let check = TestCheck(to: local, from: remote)
    #expect(
      wire.deliver(check.bytes, to: second, path: path).received == .refused(.stunUnauthenticated))
  }

  static let ciphers = [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
  ]

  @Test(
    "close_notify works in both directions when all else of the handshake has been freed",
    arguments: Self.ciphers)
  func goodbyeOfRetired(cipher: String) throws {
    let certificate = try DTLSClient.ecdsa.get()
    let first = try server([certificate.fingerprint])
    let leaving = try client(certificate, ciphers: cipher)
    _ = shake(leaving, first)
    try exchangeMedia(leaving, first)
    first.noteMedia()
    first.noteMedia()
    try exchangeMedia(leaving, first, sequence: 2)
    _ = first.takeEvents()
    for datagram in leaving.close(wire) {
      // Neither what is cut off, nor what somebody else has changed.
      var forged = datagram
      forged[datagram.count - 1] ^= 1
      for bytes in [forged, Array(datagram.dropLast()), Array(datagram.prefix(13))] {
        #expect(wire.deliver(bytes, to: first, path: path).received == .consumed)
        #expect(first.isConnected)
      }
      _ = wire.deliver(datagram, to: first, path: path)
    }
    #expect(first.takeEvents() == [.addressRemoved(path.remote), .failed(.closedByPeer)])

    let second = try server([certificate.fingerprint])
    let staying = try client(certificate, ciphers: cipher)
    _ = shake(staying, second)
    second.noteMedia()
    let goodbye = wire.collect { second.close(arena: wire.arena, into: &$0) }
    #expect(goodbye.count == 1)
    for datagram in goodbye { _ = staying.receive(datagram.bytes, wire) }
    #expect(staying.dtls.state == .closed)
    #expect(wire.arena.freeCount == wire.arena.slotCount)
  }

  /// The client's flight once more, when OpenSSL's clock says that it is time.
  private func again(_ client: DTLSClient) throws -> [[UInt8]] {
    let left = (try #require(client.dtls.deadline) - wire.now).nanoseconds
    usleep(UInt32(truncatingIfNeeded: max(left, 0) / 1000 + 1000))
    wire.now += MediaDuration(nanoseconds: left) + .milliseconds(1)
    let flight = client.timeout(wire)
    #expect(!flight.isEmpty)
    return flight
  }

  @Test("our last flight is repeated for as long as the peer may lack it, then no more")
  func lastFlight() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate)
    var toServer = client.start(wire)
    var toClient: [[UInt8]] = []
    while !peer.isConnected {
      toClient = toServer.flatMap { wire.deliver($0, to: peer, path: path).answers.map(\.bytes) }
      if !peer.isConnected { toServer = toClient.flatMap { client.receive($0, wire) } }
    }
    // It was lost: the client sends its own again, as often as it takes.
    #expect(client.dtls.state == .handshaking)
    for _ in 0..<2 {
      toClient = try again(client).flatMap {
        wire.deliver($0, to: peer, path: path).answers.map(\.bytes)
      }
      #expect(!toClient.isEmpty)
    }
    let lastOfClient = try again(client)
    for datagram in toClient { _ = client.receive(datagram, wire) }
    #expect(client.dtls.state == .connected(.aeadAES128GCM))
    try exchangeMedia(client, peer)
    peer.noteMedia()
    for datagram in lastOfClient {
      let late = wire.deliver(datagram, to: peer, path: path)
      #expect(late.received == .consumed)
      #expect(late.answers.isEmpty)
    }
    #expect(peer.isConnected)
    try exchangeMedia(client, peer, sequence: 2)
  }

  @Test("the handshake tells how far the peer may be")
  func handshakeTime() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate)
    #expect(peer.handshakeTime == nil)
    var toServer = client.start(wire)
    while !peer.isConnected {
      let answers = toServer.flatMap { wire.deliver($0, to: peer, path: path).answers }
      wire.now += .milliseconds(70)
      toServer = answers.flatMap { client.receive($0.bytes, wire) }
    }
    #expect(peer.handshakeTime == .milliseconds(70))
  }

  @Test("a handshake that never ends fails in time, and before that only retransmits so often")
  func silence() throws {
    let certificate = try DTLSClient.ecdsa.get()
    let peer = try server([certificate.fingerprint])
    let client = try client(certificate)
    for datagram in client.start(wire) {
      #expect(!wire.deliver(datagram, to: peer, path: path).answers.isEmpty)
    }
    let soon = try #require(peer.nextDeadline)
    #expect(soon > wire.now && soon < wire.now + .milliseconds(300))
    wire.now += .seconds(20)
    _ = wire.timeout(peer)
    #expect(peer.takeEvents() == [.addressRemoved(path.remote), .failed(.dtlsTimeout)])
  }
}

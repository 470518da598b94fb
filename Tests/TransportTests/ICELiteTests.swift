import Testing
import Wire

@testable import Transport

/// ICE of a `PeerTransport` under virtual time: what is answered, where media goes, when it is over.
@Suite struct ICELiteTests {
  let wire = TestWire()
  let local = ICECredentials.test("s")
  let remote = ICECredentials.test("c")

  private func peer(_ timeouts: PeerTransportTimeouts = PeerTransportTimeouts()) throws
    -> PeerTransport
  {
    PeerTransport(
      local: local, remote: remote, remoteFingerprints: [], context: try DTLSClient.server.get(),
      timeouts: timeouts, now: wire.now)
  }

  /// Connected by preset keys, so that no handshake has to be paid.
  private func connected(on path: NetworkPath = .test(1)) throws -> PeerTransport {
    let keys = try #require(
      SRTPKeyingMaterial(
        profile: .aeadAES128GCM, local: Array(repeating: 1, count: 28),
        remote: Array(repeating: 2, count: 28)))
    let peer = try #require(
      PeerTransport(
        preset: keys, path: path, local: local, remote: remote, timeouts: PeerTransportTimeouts(),
        now: wire.now))
    #expect(peer.takeEvents() == [.addressAdded(path.remote), .connected(.aeadAES128GCM)])
    return peer
  }

  private func check(_ useCandidate: Bool = false) -> TestCheck {
    TestCheck(to: local, from: remote, useCandidate: useCandidate)
  }

  /// Delivers a check and reads the one answer.
  private func answer(
    _ check: TestCheck, to peer: PeerTransport, path: NetworkPath,
    _ read: (STUNMessage) -> Void = { _ in }
  ) -> PeerTransport.Received {
    let result = wire.deliver(check.bytes, to: peer, path: path)
    for answer in result.answers {
      #expect(answer.path == path)
      answer.bytes.withUnsafeBytes { bytes in
        guard let message = STUNMessage(bytes) else {
          Issue.record("an answer is malformed")
          return
        }
        #expect(message.hasFingerprint)
        #expect(message.isAuthentic(STUNKey(password: check.password)))
        #expect(message.transactionID.low == check.transaction)
        read(message)
      }
    }
    return result.received
  }

  // MARK: Answers

  @Test("a check is answered with the address it came from, protected by our password")
  func success() throws {
    let peer = try peer()
    var mapped: TransportAddress?
    var kind: STUNMessage.Class?
    #expect(
      answer(check(), to: peer, path: .test(9, 1234)) {
        mapped = $0.xorMappedAddress
        kind = $0.messageClass
      } == .consumed)
    #expect(kind == .successResponse)
    #expect(mapped == NetworkPath.test(9, 1234).remote)
    #expect(peer.takeEvents() == [.addressAdded(NetworkPath.test(9, 1234).remote)])
  }

  @Test("IPv6 peers are answered too")
  func v6() throws {
    let peer = try peer()
    let ip = IPAddress(high: 0x2001_0DB8_0000_0000, low: 42)
    let path = NetworkPath(
      remote: TransportAddress(ip: ip, port: 5), local: IPAddress(high: 0x2001_0DB8 << 32, low: 1))
    var mapped: TransportAddress?
    #expect(answer(check(), to: peer, path: path) { mapped = $0.xorMappedAddress } == .consumed)
    #expect(mapped == path.remote)
  }

  @Test("a peer that thinks that it is controlled is told to change its role")
  func roleConflict() throws {
    let peer = try peer()
    var check = check()
    check.controlling = nil
    check.controlled = .max
    var code: STUNErrorCode?
    #expect(
      answer(check, to: peer, path: .test(1)) { code = $0.errorCode } == .refused(.stunRejected))
    #expect(code == .roleConflict)
    #expect(peer.sendPath == nil)
    #expect(!peer.hasEvents)
  }

  @Test("an attribute that must be understood and is not is named in a 420")
  func unknownAttribute() throws {
    let peer = try peer()
    var check = check()
    check.unknown = 0x7ABC
    var code: STUNErrorCode?
    #expect(
      answer(check, to: peer, path: .test(1)) { code = $0.errorCode } == .refused(.stunRejected))
    #expect(code == .unknownAttribute)
    #expect(peer.sendPath == nil)
  }

  @Test("what is not authentic gets no answer and changes nothing")
  func unauthenticated() throws {
    let peer = try peer()
    var wrongPassword = check(true)
    wrongPassword.password = String(repeating: "x", count: 22)
    var wrongName = check(true)
    wrongName.username = "other:cccc"
    var noColon = check(true)
    noColon.username = "ssss"
    var bare = check(true)
    bare.integrity = false
    for forged in [wrongPassword, wrongName, noColon, bare] {
      let result = wire.deliver(forged.bytes, to: peer, path: .test(1))
      #expect(result.received == .refused(.stunUnauthenticated))
      #expect(result.answers.isEmpty)
    }
    #expect(peer.sendPath == nil)
    #expect(!peer.hasEvents)
  }

  @Test("indications are left alone, responses and other methods refused")
  func otherMessages() throws {
    let peer = try peer()
    func message(_ kind: STUNMessage.Class, method: UInt16 = STUNMessage.bindingMethod) -> [UInt8] {
      var buffer = [UInt8](repeating: 0, count: 64)
      let length = buffer.withUnsafeMutableBytes { bytes in
        var writer = STUNWriter(
          into: bytes, class: kind, method: method,
          transactionID: STUNTransactionID(high: 1, low: 2))
        return writer.finish(key: nil)
      }
      return Array(buffer.prefix(length ?? 0))
    }
    let path = NetworkPath.test(1)
    #expect(wire.deliver(message(.indication), to: peer, path: path).received == .consumed)
    for unexpected in [
      message(.successResponse), message(.errorResponse), message(.request, method: 3),
    ] {
      let result = wire.deliver(unexpected, to: peer, path: path)
      #expect(result.received == .refused(.stunUnexpected))
      #expect(result.answers.isEmpty)
    }
    #expect(!peer.hasEvents)
  }

  // MARK: Which path

  @Test("the first valid path is used at once; the latest USE-CANDIDATE wins after it")
  func nomination() throws {
    let peer = try peer()
    _ = answer(check(), to: peer, path: .test(1))
    #expect(peer.sendPath == .test(1))
    _ = answer(check(), to: peer, path: .test(2))
    #expect(peer.sendPath == .test(1), "a spare path is not switched to")
    _ = answer(check(true), to: peer, path: .test(2))
    #expect(peer.sendPath == .test(2))
    _ = answer(check(true), to: peer, path: .test(3))
    #expect(peer.sendPath == .test(3))
    _ = answer(check(), to: peer, path: .test(1))
    #expect(peer.sendPath == .test(3))
    #expect(
      peer.takeEvents() == [
        .addressAdded(NetworkPath.test(1).remote), .addressAdded(NetworkPath.test(2).remote),
        .addressAdded(NetworkPath.test(3).remote),
      ])
  }

  @Test("a peer whose NAT moved is followed by its next consent check, without USE-CANDIDATE")
  func rebinding() throws {
    let peer = try connected()
    _ = answer(check(true), to: peer, path: .test(1, 1000))
    _ = peer.takeEvents()
    wire.now += .seconds(4)
    _ = answer(check(), to: peer, path: .test(1, 2000))
    #expect(peer.sendPath == .test(1, 2000))
    #expect(peer.takeEvents() == [.addressAdded(NetworkPath.test(1, 2000).remote), .moved])
  }

  @Test("the same remote address over two of our addresses is one address in the events")
  func twoLocalAddresses() throws {
    let peer = try peer()
    _ = answer(check(), to: peer, path: .test(1, local: 1))
    _ = answer(check(true), to: peer, path: .test(1, local: 2))
    #expect(peer.sendPath == .test(1, local: 2))
    #expect(peer.takeEvents() == [.addressAdded(NetworkPath.test(1).remote)])
  }

  @Test("the list of paths is bounded: the one that was silent longest goes, the one in use stays")
  func bounded() throws {
    let peer = try peer()
    for host in 1...9 {
      _ = answer(check(host == 1), to: peer, path: .test(UInt32(host)))
      wire.now += .milliseconds(10)
    }
    #expect(peer.sendPath == .test(1))
    let events = peer.takeEvents()
    #expect(events.count == 10)
    #expect(events.contains(.addressRemoved(NetworkPath.test(2).remote)))
    #expect(!events.contains(.addressRemoved(NetworkPath.test(1).remote)))
    // The eighth is still known: a check there tells nothing new.
    _ = answer(check(), to: peer, path: .test(8))
    #expect(!peer.hasEvents)
  }

  @Test("a spare path that nobody checks is forgotten")
  func silentPath() throws {
    let peer = try connected()
    _ = answer(check(true), to: peer, path: .test(1))
    _ = answer(check(), to: peer, path: .test(2))
    _ = peer.takeEvents()
    for _ in 0..<12 {
      wire.now += .seconds(5)
      _ = answer(check(true), to: peer, path: .test(1))
      _ = wire.timeout(peer)
    }
    #expect(peer.takeEvents() == [.addressRemoved(NetworkPath.test(2).remote)])
    #expect(peer.sendPath == .test(1))
  }

  // MARK: Time

  @Test("no check in time: the peer fails")
  func iceTimeout() throws {
    let peer = try peer()
    let deadline = try #require(peer.nextDeadline)
    #expect(deadline == wire.now + PeerTransportTimeouts().ice)
    wire.now = deadline - .milliseconds(1)
    _ = wire.timeout(peer)
    #expect(!peer.hasEvents)
    wire.now = deadline
    _ = wire.timeout(peer)
    #expect(peer.takeEvents() == [.failed(.iceTimeout)])
    #expect(peer.nextDeadline == nil)
  }

  @Test("consent: silence disconnects, a check recovers, from another address too")
  func consent() throws {
    let peer = try connected()
    _ = answer(check(true), to: peer, path: .test(1))
    wire.now += .seconds(5)
    _ = answer(check(true), to: peer, path: .test(1))
    #expect(peer.nextDeadline == wire.now + .seconds(10))
    wire.now += .seconds(10)
    _ = wire.timeout(peer)
    #expect(peer.takeEvents() == [.disconnected])
    #expect(peer.isConnected)
    wire.now += .seconds(3)
    _ = answer(check(), to: peer, path: .test(2))
    #expect(
      peer.takeEvents() == [.addressAdded(NetworkPath.test(2).remote), .recovered, .moved])
    #expect(peer.sendPath == .test(2))
  }

  @Test("nothing is sent 30 s after the last check; the peer may still come back, then it fails")
  func consentExpiry() throws {
    let peer = try connected()
    _ = answer(check(true), to: peer, path: .test(1))
    let last = wire.now
    func run(until end: MediaInstant) throws {
      while let next = peer.nextDeadline, next <= end {
        wire.now = next
        _ = wire.timeout(peer)
        #expect(peer.nextDeadline != next, "a deadline that was served stays")
      }
      wire.now = end
    }
    try run(until: last + .seconds(29))
    #expect(peer.takeEvents() == [.disconnected])
    #expect(peer.sendPath == .test(1))
    try run(until: last + .seconds(30))
    #expect(peer.sendPath == nil)
    try run(until: last + .seconds(69))
    #expect(!peer.hasEvents)
    _ = answer(check(), to: peer, path: .test(1))
    #expect(peer.sendPath == .test(1))
    #expect(peer.takeEvents() == [.recovered, .moved])
    try run(until: wire.now + .seconds(70))
    #expect(
      peer.takeEvents() == [
        .disconnected, .addressRemoved(NetworkPath.test(1).remote), .failed(.consentExpired),
      ])
    #expect(peer.nextDeadline == nil)
    #expect(
      wire.deliver(check().bytes, to: peer, path: .test(1)).received
        == .refused(.stunUnauthenticated))
  }

  @Test("a late look at the clock fails a peer that was silent for all the time at once")
  func lateLook() throws {
    let peer = try connected()
    _ = answer(check(true), to: peer, path: .test(1))
    _ = peer.takeEvents()
    wire.now += .seconds(1000)
    _ = wire.timeout(peer)
    #expect(peer.takeEvents().last == .failed(.consentExpired))
  }

  @Test("a preset peer never times out while no check ever came")
  func presetStays() throws {
    let peer = try connected()
    #expect(peer.nextDeadline == nil)
    wire.now += .seconds(100_000)
    _ = wire.timeout(peer)
    #expect(!peer.hasEvents)
    #expect(peer.sendPath == .test(1))
  }

  // MARK: Restart

  @Test("an ICE restart takes both credentials until the new ones nominate")
  func restart() throws {
    let peer = try connected()
    _ = answer(check(true), to: peer, path: .test(1))
    let newLocal = ICECredentials.test("S")
    let newRemote = ICECredentials.test("C")
    peer.restartICE(local: newLocal, remote: newRemote)
    #expect(!peer.hasEvents)
    wire.now += .seconds(1)
    #expect(answer(check(true), to: peer, path: .test(1)) == .consumed)
    #expect(peer.sendPath == .test(1))
    let tried = TestCheck(to: newLocal, from: newRemote)
    #expect(answer(tried, to: peer, path: .test(3)) == .consumed)
    #expect(peer.sendPath == .test(1), "the new path does not carry yet")
    #expect(answer(check(true), to: peer, path: .test(1)) == .consumed)
    _ = peer.takeEvents()
    let fresh = TestCheck(to: newLocal, from: newRemote, useCandidate: true)
    #expect(answer(fresh, to: peer, path: .test(2)) == .consumed)
    #expect(peer.sendPath == .test(2))
    #expect(
      peer.takeEvents() == [
        .credentialsRetired(usernameFragment: "ssss"), .addressAdded(NetworkPath.test(2).remote),
        .moved,
      ])
    let old = wire.deliver(check(true).bytes, to: peer, path: .test(1))
    #expect(old.received == .refused(.stunUnauthenticated))
    #expect(peer.sendPath == .test(2))
  }

  @Test("a second restart that overtakes the first retires the credentials in between")
  func twoRestarts() throws {
    let peer = try connected()
    let second = ICECredentials.test("S")
    let third = ICECredentials.test("T")
    peer.restartICE(local: second, remote: remote)
    peer.restartICE(local: third, remote: remote)
    #expect(peer.takeEvents() == [.credentialsRetired(usernameFragment: "SSSS")])
    #expect(answer(check(), to: peer, path: .test(1)) == .consumed)
    let overtaken = TestCheck(to: second, from: remote)
    #expect(
      wire.deliver(overtaken.bytes, to: peer, path: .test(1)).received
        == .refused(.stunUnauthenticated))
    // An agent that nominates once, before the restart, says it with its checks alone.
    #expect(answer(TestCheck(to: third, from: remote), to: peer, path: .test(1)) == .consumed)
    #expect(!peer.hasEvents)
    wire.now += .seconds(5)
    #expect(answer(TestCheck(to: third, from: remote), to: peer, path: .test(1)) == .consumed)
    #expect(peer.takeEvents() == [.credentialsRetired(usernameFragment: "ssss")])
    peer.restartICE(local: third, remote: remote)
    #expect(!peer.hasEvents, "the same credentials again are no restart")
  }
}

import Testing
import Wire

@testable import Transport

/// Media that comes by another path than the one that we send by.
@Suite struct PathMovingTests {
  let wire = TestWire()
  let local = ICECredentials.test("s")
  let remote = ICECredentials.test("c")
  let peer: PeerTransport

  init() throws {
    let keys = try #require(
      SRTPKeyingMaterial(
        profile: .aeadAES128GCM, local: Array(repeating: 1, count: 28),
        remote: Array(repeating: 2, count: 28)))
    peer = try #require(
      PeerTransport(
        preset: keys, path: .test(1), local: local, remote: remote,
        timeouts: PeerTransportTimeouts(), now: wire.now))
    _ = peer.takeEvents()
  }

  /// An authentic packet of media comes by a path.
  /// - Returns: what we send because of it.
  private func media(_ path: NetworkPath) -> [(bytes: [UInt8], path: NetworkPath)] {
    guard peer.media.isNews(path) else { return [] }
    return wire.collect { out in
      _ = peer.noteMedia(by: path, now: wire.now, arena: wire.arena, into: &out)
    }
  }

  private func check(_ path: NetworkPath, useCandidate: Bool = false) {
    let check = TestCheck(to: local, from: remote, useCandidate: useCandidate)
    #expect(wire.deliver(check.bytes, to: peer, path: path).received == .consumed)
  }

  /// What a browser says to a check.
  private func answer(
    _ question: [UInt8], password: String? = nil, transaction: STUNTransactionID? = nil,
    seenAs address: NetworkPath = .test(1)
  ) throws -> [UInt8] {
    try question.withUnsafeBytes { bytes in
      let message = try #require(STUNMessage(bytes))
      var buffer = [UInt8](repeating: 0, count: 200)
      let length = buffer.withUnsafeMutableBytes { buffer in
        var writer = STUNWriter(
          into: buffer, class: .successResponse,
          transactionID: transaction ?? message.transactionID)
        writer.appendXORMappedAddress(address.remote)
        return writer.finish(key: STUNKey(password: password ?? remote.password))
      }
      return Array(buffer.prefix(try #require(length)))
    }
  }

  @Test(
    "media from an address that was never checked: the peer is asked, and followed when it answers")
  func challenge() throws {
    let question = try #require(media(.test(1, 2000)).first)
    #expect(question.path == .test(1, 2000))
    question.bytes.withUnsafeBytes { bytes in
      guard let message = STUNMessage(bytes) else {
        Issue.record("the question is malformed")
        return
      }
      #expect(message.messageClass == .request)
      #expect(message.hasFingerprint)
      #expect(message.isAuthentic(STUNKey(password: remote.password)))
      let name = "\(remote.usernameFragment):\(local.usernameFragment)"
      #expect(message.username?.elementsEqual(name.utf8) == true)
      #expect(message.controlled != nil && message.controlling == nil)
    }
    #expect(peer.sendPath == .test(1), "a source address alone moves nothing")
    let answered = wire.deliver(
      try answer(question.bytes), to: peer, path: .test(1, 2000))
    #expect(answered.received == .consumed)
    #expect(answered.answers.isEmpty)
    #expect(peer.sendPath == .test(1, 2000))
    #expect(peer.takeEvents() == [.addressAdded(NetworkPath.test(1, 2000).remote), .moved])
    #expect(media(.test(1, 2000)).isEmpty)
    // The same answer again, as an attacker would send it from elsewhere.
    #expect(
      wire.deliver(try answer(question.bytes), to: peer, path: .test(7)).received
        == .refused(.stunUnexpected))
  }

  @Test("an answer counts from where we asked, to what we asked, with the peer's password")
  func forgedAnswers() throws {
    let question = try #require(media(.test(2)).first).bytes
    let forged: [([UInt8], NetworkPath, TransportRefusal)] = [
      (try answer(question), .test(3), .stunUnexpected),
      (try answer(question), .test(1), .stunUnexpected),
      (
        try answer(question, transaction: STUNTransactionID(high: 1, low: 2)), .test(2),
        .stunUnexpected
      ),
      (
        try answer(question, password: String(repeating: "x", count: 22)), .test(2),
        .stunUnauthenticated
      ),
    ]
    for (bytes, path, refusal) in forged {
      #expect(wire.deliver(bytes, to: peer, path: path).received == .refused(refusal))
      #expect(peer.sendPath == .test(1))
    }
    #expect(!peer.hasEvents)
  }

  @Test("a question is repeated ever more slowly, whatever comes")
  func rate() {
    var questions = 0
    for _ in 0..<1000 {
      questions += media(.test(2)).count
      wire.now += .milliseconds(10)
    }
    // 50, 100, 200, 400, 800 ms, then every second, for ten seconds.
    #expect((10...15).contains(questions))
    // Many addresses: one at a time.
    questions = 0
    for host in 3..<103 {
      questions += media(.test(UInt32(host))).count
      wire.now += .milliseconds(1)
    }
    #expect(questions <= 2)
  }

  @Test("media by a path that was checked is followed, a few late packets are not")
  func spare() {
    check(.test(1), useCandidate: true)
    check(.test(2))
    for _ in 0..<10 {
      #expect(media(.test(2)).isEmpty)
      #expect(media(.test(2)).isEmpty)
      #expect(media(.test(1)).isEmpty)
    }
    #expect(peer.sendPath == .test(1))
    _ = peer.takeEvents()
    for _ in 0..<3 { #expect(media(.test(2)).isEmpty) }
    #expect(peer.sendPath == .test(2))
    #expect(peer.takeEvents() == [.moved])
  }

  @Test("consent that has expired comes back with an answer, not with media")
  func expired() throws {
    check(.test(1), useCandidate: true)
    for _ in 0..<4 {
      wire.now += .seconds(10)
      _ = wire.timeout(peer)
    }
    #expect(peer.sendPath == nil)
    _ = peer.takeEvents()
    let question = try #require(media(.test(1)).first)
    #expect(peer.sendPath == nil)
    _ = wire.deliver(try answer(question.bytes), to: peer, path: .test(1))
    #expect(peer.sendPath == .test(1))
    #expect(peer.takeEvents() == [.recovered, .moved])
  }

  @Test("during an ICE restart the question is asked with the credentials that media comes with")
  func duringRestart() throws {
    check(.test(1), useCandidate: true)
    peer.restartICE(local: .test("S"), remote: .test("C"))
    let question = try #require(media(.test(2)).first)
    #expect(
      question.bytes.withUnsafeBytes {
        STUNMessage($0)?.isAuthentic(STUNKey(password: remote.password))
      } == true)
    _ = wire.deliver(try answer(question.bytes), to: peer, path: .test(2))
    #expect(peer.sendPath == .test(2))
  }
}

import MediaEngine
import Testing
import Transport
import Wire

struct WorkerTests {
  static let opus = PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)

  static var extensions: HeaderExtensionMap {
    var map = HeaderExtensionMap()
    map[.mid] = 4
    return map
  }

  static func microphone(
    _ peer: UInt64, mid: String = "0", ssrc: UInt32? = 100, payloads: [PayloadBinding] = [opus]
  ) -> PublicationParameters {
    PublicationParameters(
      peer: PeerID(rawValue: peer), mid: mid, kind: .audio, payloads: payloads,
      extensions: extensions,
      declaredSources: ssrc.map { [DeclaredSource(ssrc: SSRC($0), rtxSSRC: nil)] } ?? [],
      muted: false, feedback: [])
  }

  static func ear(
    _ peer: UInt64, _ publication: UInt64?, ssrc: UInt32 = 9000
  ) -> SubscriptionParameters {
    SubscriptionParameters(
      peer: PeerID(rawValue: peer), mid: "1", kind: .audio, ssrc: SSRC(ssrc), rtxSSRC: nil,
      payloads: [opus], extensions: extensions, cname: "c", feedback: [],
      publication: publication.map { PublicationID(rawValue: $0) })
  }

  static func names(_ events: [WorkerEvent]) -> [String] {
    events.map {
      switch $0 {
      case .peerConnected(let id, _): "connected \(id.rawValue)"
      case .peerDisconnected(let id): "disconnected \(id.rawValue)"
      case .peerRecovered(let id): "recovered \(id.rawValue)"
      case .peerFailed(let id, let failure): "failed \(id.rawValue) \(failure)"
      case .publicationStarted(let id): "publication \(id.rawValue)"
      case .subscriptionStarted(let id): "subscription \(id.rawValue)"
      case .encodingsNeeded(let id, let rids): "needs \(id.rawValue) \(rids)"
      case .renditionNeeded(let id, let isNeeded): "rendition \(id.rawValue) \(isNeeded)"
      case .subscriptionAdapted(let id, let step, _): "adapted \(id.rawValue) \(step)"
      case .soundLimited(let id, let rate): "sound \(id.rawValue) \(rate)"
      case .statistics: "statistics"
      }
    }
  }

  @Test("Checks, a real handshake, then sound from one to the other, with all its events")
  func wholeWay() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    try h.addPeer(2, "bobby")
    let alice = try TestClient(h, name: "alice", port: 1000)
    let bobby = try TestClient(h, name: "bobby", port: 2000)
    _ = h.command(.addPublication(PublicationID(rawValue: 5), Self.microphone(1)))
    _ = h.command(.addSubscription(SubscriptionID(rawValue: 6), Self.ear(2, 5)))
    try alice.connect()
    // Nobody is there to hear it yet.
    #expect(
      try alice.send(payloadType: 111, sequence: 1, ssrc: 100, mid: "0", payload: [1]).isEmpty)
    try bobby.connect()
    let sent = try alice.send(payloadType: 111, sequence: 2, ssrc: 100, mid: "0", payload: [7, 8])
    #expect(sent.count == 1)
    let plain = try bobby.open(try #require(sent.first))
    let packet = try plain.withUnsafeBytes { try #require(RTPPacket($0)) }
    #expect(packet.ssrc == SSRC(9000))
    #expect(Array(plain[packet.payloadRange]) == [7, 8])
    #expect(
      Self.names(h.events) == [
        "connected 1", "publication 5", "connected 2", "subscription 6",
      ])
    try alice.close()
    #expect(Self.names(h.events).last == "failed 1 closedByPeer")
    _ = h.command(.removePeer(PeerID(rawValue: 2)))
    #expect(h.arena.freeCount == h.arena.slotCount)
  }

  @Test("Handshakes wait for the end of the turn and keep the worker awake")
  func deferred() throws {
    let h = try WorkerHarness { $0.handshakesPerTurn = 2 }
    try h.addPeer(1, "alice")
    _ = try h.receive(try WorkerHarness.check("alice"), from: 1000)
    for _ in 0..<5 { try h.receive([22, 1, 2, 3], from: 1000) }
    #expect(h.worker.nextDeadline == h.now)
    #expect(h.worker.counters.handshakeDatagrams == 0)
    var done: [UInt64] = []
    for _ in 0..<3 {
      _ = h.timeout()
      done.append(h.worker.counters.handshakeDatagrams)
    }
    #expect(done == [2, 4, 5])
    #expect(try #require(h.worker.nextDeadline) > h.now)
  }

  @Test(
    "Packets are pressed for while a handshake goes on, and as long as a consultation asks for it")
  func pressed() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    // Whoever only announced a peer presses for nothing.
    #expect(!h.worker.isPressed)
    let alice = try TestClient(h, name: "alice", port: 4001)
    _ = try alice.check()
    #expect(h.worker.isPressed)
    try alice.connect()
    #expect(!h.worker.isPressed)

    var parameters = PeerParameters(
      local: WorkerHarness.credentials("robert"), remote: WorkerHarness.credentials("remote"),
      remoteFingerprints: [try WorkerHarness.client.get().certificate.fingerprint])
    parameters.wantsLeastDelay = true
    _ = h.command(.addPeer(PeerID(rawValue: 2), parameters))
    try TestClient(h, name: "robert", port: 4002).connect()
    #expect(h.worker.isPressed)
    _ = h.command(.removePeer(PeerID(rawValue: 2)))
    #expect(!h.worker.isPressed)

    // A handshake that never ends does not press for ever.
    try h.addPeer(3, "carol")
    _ = try TestClient(h, name: "carol", port: 4003).check()
    #expect(h.worker.isPressed)
    _ = h.advance(h.worker.configuration.dtlsTimeout + .seconds(1))
    #expect(!h.worker.isPressed)
  }

  @Test("What comes from an unknown address is dropped and counted by its kind")
  func unknownAddress() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    try h.receive([22, 0, 0, 0], from: 1)
    try h.receive([UInt8](repeating: 0x80, count: 40), from: 1)
    try h.receive([0x80, 200, 0, 1, 0, 0, 0, 0], from: 1)
    try h.receive([100, 0, 0], from: 1)
    try h.receive([0], from: 1)
    try h.receive([0, 1, 0, 0], from: 1)
    #expect(try h.receive(try WorkerHarness.check("nobody"), from: 1).isEmpty)
    #expect(
      try h.receive(try WorkerHarness.check("alice", password: "wrong"), from: 1).isEmpty)
    let counters = h.worker.counters
    #expect(counters.refused(.dtlsUnknownAddress) == 1)
    #expect(counters.refused(.mediaUnknownAddress) == 2)
    #expect(counters.refused(.unknownKind) == 2)
    #expect(counters.refused(.stunMalformed) == 1)
    #expect(counters.refused(.stunUnknownPeer) == 1)
    #expect(counters.refused(transport: .stunUnauthenticated) == 1)
    // Still unknown.
    try h.receive([22, 0, 0, 0], from: 1)
    #expect(h.worker.counters.refused(.dtlsUnknownAddress) == 2)
    #expect(h.arena.freeCount == h.arena.slotCount)
  }

  @Test("A peer that comes from another address is followed by its next check")
  func moves() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    try h.addPeer(2, "bobby")
    let alice = try TestClient(h, name: "alice", port: 1000)
    let bobby = try TestClient(h, name: "bobby", port: 2000)
    _ = h.command(.addPublication(PublicationID(rawValue: 5), Self.microphone(1)))
    _ = h.command(.addSubscription(SubscriptionID(rawValue: 6), Self.ear(2, 5)))
    try alice.connect()
    try bobby.connect()
    #expect(
      try alice.send(
        payloadType: 111, sequence: 1, ssrc: 100, mid: nil, payload: [1], from: 1001
      ).count == 2, "to bobby, and a question")
    _ = try h.receive(try WorkerHarness.check("alice"), from: 1001)
    #expect(
      try alice.send(
        payloadType: 111, sequence: 2, ssrc: 100, mid: nil, payload: [1], from: 1001
      ).count == 1)
    // An address that one peer had belongs to another once that one checks from it.
    _ = try h.receive(try WorkerHarness.check("bobby"), from: 1001)
    #expect(
      try alice.send(
        payloadType: 111, sequence: 3, ssrc: 100, mid: nil, payload: [1], from: 1001
      ).isEmpty)
    #expect(h.worker.counters.refused(transport: .srtpUnauthenticated) == 1)
  }

  @Test("Sound goes on from an address that no check came from, and its sender is followed there")
  func follows() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    try h.addPeer(2, "bobby")
    let alice = try TestClient(h, name: "alice", port: 1000)
    let bobby = try TestClient(h, name: "bobby", port: 2000)
    _ = h.command(.addPublication(PublicationID(rawValue: 5), Self.microphone(1)))
    _ = h.command(.addSubscription(SubscriptionID(rawValue: 6), Self.ear(2, 5)))
    try alice.connect()
    try bobby.connect()
    func speak(_ sequence: UInt16, from port: UInt16) throws -> [[UInt8]] {
      try alice.send(
        payloadType: 111, sequence: sequence, ssrc: 100, mid: nil, payload: [1], from: port)
    }
    #expect(try speak(1, from: 1000).count == 1)
    let sent = try speak(2, from: 1001)
    #expect(sent.count == 2, "the sound to bobby, a question to alice")
    #expect(h.worker.counters.strayPackets == 1)
    let question = try #require(sent.first { $0[0] < 4 })
    // Nobody else can answer, and nothing else is heard from there.
    try h.receive([22, 0, 0, 0], from: 1001)
    #expect(h.worker.counters.refused(.dtlsUnknownAddress) == 1)
    #expect(try h.receive(try WorkerHarness.answer(question, password: "x"), from: 1001).isEmpty)
    #expect(h.worker.counters.pathChanges == 0)
    #expect(try h.receive(try WorkerHarness.answer(question), from: 1001).isEmpty)
    #expect(h.worker.counters.pathChanges == 1)
    #expect(try speak(3, from: 1001).count == 1)
    #expect(h.worker.counters.strayPackets == 1)
    #expect(h.arena.freeCount + 8 >= h.arena.slotCount, "slots were lost")
  }

  @Test(
    "What a muted participant sends goes nowhere: negotiated anew, from another address, restarted")
  func muted() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    try h.addPeer(2, "bobby")
    let alice = try TestClient(h, name: "alice", port: 1000)
    let bobby = try TestClient(h, name: "bobby", port: 2000)
    let id = PublicationID(rawValue: 5)
    var parameters = Self.microphone(1)
    _ = h.command(.addPublication(id, parameters))
    _ = h.command(.addSubscription(SubscriptionID(rawValue: 6), Self.ear(2, 5)))
    try alice.connect()
    try bobby.connect()
    var sequence: UInt16 = 0
    func speak(from port: UInt16 = 1000) throws -> Int {
      sequence += 1
      let sent = try alice.send(
        payloadType: 111, sequence: sequence, ssrc: 100, mid: nil, payload: [1], from: port)
      // Not the questions of STUN.
      return sent.count { $0[0] >= 128 }
    }
    #expect(try speak() == 1)
    _ = h.command(.setPublicationMuted(id, true))
    #expect(try speak() == 0)
    parameters.muted = true
    parameters.mid = "3"
    _ = h.command(.addPublication(id, parameters))
    #expect(try speak() == 0)
    #expect(try speak(from: 1001) == 0)
    _ = h.command(
      .restartICE(
        PeerID(rawValue: 1), local: WorkerHarness.credentials("again"),
        remote: WorkerHarness.credentials("remote")))
    _ = try h.receive(try WorkerHarness.check("again"), from: 1002)
    #expect(try speak(from: 1002) == 0)
    _ = h.command(.bindSubscription(SubscriptionID(rawValue: 6), id))
    #expect(try speak(from: 1002) == 0)
    #expect(h.worker.counters.refusals.first { $0.reason == "forwarding.muted" }?.count == 5)
    _ = h.command(.setPublicationMuted(id, false))
    #expect(try speak(from: 1002) == 1)
  }

  @Test("Media from nowhere is looked at within a bound, and moves nobody without the right keys")
  func strays() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    _ = h.command(.addPublication(PublicationID(rawValue: 5), Self.microphone(1)))
    try alice.connect()
    _ = try alice.send(payloadType: 111, sequence: 1, ssrc: 100, mid: nil, payload: [1])
    for number in 0..<200 {
      var forged: [UInt8] = [0x80, 111, 0, UInt8(number), 0, 0, 0, 0, 0, 0, 0, 100]
      forged += [UInt8](repeating: UInt8(number), count: 60)
      #expect(try h.receive(forged, from: 3000).isEmpty)
    }
    #expect(h.worker.counters.refused(.mediaUnknownAddress) == 200)
    #expect(h.worker.counters.strayPackets == 0)
    // The budget of this moment is spent, that of the next is not.
    #expect(
      try alice.send(
        payloadType: 111, sequence: 2, ssrc: 100, mid: nil, payload: [1], from: 3000
      ).isEmpty)
    _ = h.advance(.milliseconds(20))
    #expect(
      try alice.send(
        payloadType: 111, sequence: 3, ssrc: 100, mid: nil, payload: [1], from: 3000
      ).count == 1)
  }

  @Test("After an ICE restart both credentials are heard, until the new ones nominate")
  func restart() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    _ = h.command(
      .restartICE(
        PeerID(rawValue: 1), local: WorkerHarness.credentials("again"),
        remote: WorkerHarness.credentials("remote")))
    #expect(try h.receive(try WorkerHarness.check("alice"), from: 1000).count == 1)
    #expect(try h.receive(try WorkerHarness.check("again"), from: 1002).count == 1)
    #expect(try h.receive(try WorkerHarness.check("alice"), from: 1000).isEmpty)
    #expect(h.worker.counters.refused(.stunUnknownPeer) == 1)
  }

  @Test("A peer that never checks fails, with all that belongs to it")
  func timeout() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    _ = h.command(.addPublication(PublicationID(rawValue: 5), Self.microphone(1)))
    _ = h.advance(.seconds(29))
    #expect(h.events.isEmpty)
    _ = h.advance(.seconds(2))
    #expect(Self.names(h.events) == ["failed 1 iceTimeout"])
    _ = h.command(.setPublicationMuted(PublicationID(rawValue: 5), true))
    #expect(h.worker.counters.refused(.unknownPublication) == 1)
    #expect(h.worker.nextDeadline == nil)
    // Its place and its fragment are free again.
    try h.addPeer(2, "alice")
    #expect(try h.receive(try WorkerHarness.check("alice"), from: 1000).count == 1)
  }

  @Test("Silence disconnects, a check recovers")
  func consent() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    _ = h.advance(.seconds(11))
    _ = try alice.check()
    _ = h.advance(.seconds(200))
    #expect(
      Self.names(h.events) == [
        "connected 1", "disconnected 1", "recovered 1", "disconnected 1",
        "failed 1 consentExpired",
      ])
  }

  @Test("Commands about what is not there are counted and do nothing")
  func unknownCommands() throws {
    let h = try WorkerHarness()
    let (peer, publication, subscription) = (
      PeerID(rawValue: 9), PublicationID(rawValue: 9), SubscriptionID(rawValue: 9)
    )
    _ = h.command(.removePeer(peer))
    _ = h.command(
      .restartICE(
        peer, local: WorkerHarness.credentials("aaaa"),
        remote: WorkerHarness.credentials("bbbb")))
    _ = h.command(.addPublication(publication, Self.microphone(9)))
    _ = h.command(.removePublication(publication))
    _ = h.command(.setPublicationMuted(publication, true))
    _ = h.command(.addSubscription(subscription, Self.ear(9, 9)))
    _ = h.command(.bindSubscription(subscription, publication))
    _ = h.command(.removeSubscription(subscription))
    let counters = h.worker.counters
    #expect(counters.refused(.unknownPeer) == 4)
    #expect(counters.refused(.unknownPublication) == 2)
    #expect(counters.refused(.unknownSubscription) == 2)
    #expect(h.events.isEmpty)
  }

  @Test("Tables are bounded: what does not fit is refused and told")
  func bounds() throws {
    let h = try WorkerHarness {
      $0.maximumPeers = 2
      $0.publicationsPerPeer = 2
      $0.subscriptionsPerPeer = 2
    }
    for i in 1...3 { try h.addPeer(UInt64(i), "peer\(i)") }
    #expect(Self.names(h.events) == ["failed 3 overload"])
    try h.addPeer(1, "other")
    #expect(h.worker.counters.refused(.duplicatePeer) == 1)
    for i in 1...3 {
      _ = h.command(
        .addPublication(PublicationID(rawValue: UInt64(i)), Self.microphone(1, mid: "\(i)")))
      _ = h.command(
        .addSubscription(
          SubscriptionID(rawValue: UInt64(i)), Self.ear(2, nil, ssrc: UInt32(9000 + i))))
    }
    #expect(h.worker.counters.refused(.tableFull) == 3)
  }

  @Test("Undeclared sources are told by mid, else by a payload type that only one section has")
  func demux() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    let other = PayloadBinding(codec: .opus, payloadType: 112, rtxPayloadType: nil)
    _ = h.command(
      .addPublication(PublicationID(rawValue: 1), Self.microphone(1, mid: "0", ssrc: nil)))
    _ = h.command(
      .addPublication(
        PublicationID(rawValue: 2),
        Self.microphone(1, mid: "1", ssrc: nil, payloads: [Self.opus, other])))
    // 111 is in both, 112 only in the second.
    _ = try alice.send(payloadType: 111, sequence: 1, ssrc: 50, mid: nil, payload: [1])
    #expect(h.worker.counters.refused(.unknownSource) == 1)
    _ = try alice.send(payloadType: 112, sequence: 1, ssrc: 51, mid: nil, payload: [1])
    _ = try alice.send(payloadType: 111, sequence: 1, ssrc: 52, mid: "0", payload: [1])
    _ = try alice.send(payloadType: 111, sequence: 1, ssrc: 53, mid: "7", payload: [1])
    #expect(h.worker.counters.refused(.unknownSource) == 2)
    #expect(Self.names(h.events).suffix(2) == ["publication 2", "publication 1"])
    // Sources may change, but not with every packet.
    for i in 0..<20 {
      _ = try alice.send(
        payloadType: 111, sequence: 1, ssrc: UInt32(60 + i), mid: "0", payload: [1])
    }
    #expect(h.worker.counters.refused(.sourceFlapping) == 19)
  }

  @Test("A source that the publication left is taken back when the newer one falls silent")
  func takenBack() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    _ = h.command(.addPublication(PublicationID(rawValue: 1), Self.microphone(1, ssrc: 100)))
    func packets() -> UInt64 {
      h.events = []
      _ = h.command(.collectStatistics)
      guard case .statistics(let statistics) = h.events.last else { return 0 }
      return statistics.publications.first?.packets ?? 0
    }
    _ = try alice.send(payloadType: 111, sequence: 1, ssrc: 100, mid: "0", payload: [1])
    _ = try alice.send(payloadType: 111, sequence: 1, ssrc: 200, mid: "0", payload: [1])
    #expect(packets() == 2)
    _ = try alice.send(payloadType: 111, sequence: 2, ssrc: 100, mid: "0", payload: [1])
    #expect(packets() == 2)
    h.now += .milliseconds(1500)
    _ = try alice.send(payloadType: 111, sequence: 3, ssrc: 100, mid: "0", payload: [1])
    _ = try alice.send(payloadType: 111, sequence: 4, ssrc: 100, mid: "0", payload: [1])
    #expect(packets() == 3)
  }

  @Test("A subscription waits for its publication, and goes on when that is negotiated anew")
  func replaced() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    try h.addPeer(2, "bobby")
    let alice = try TestClient(h, name: "alice", port: 1000)
    let bobby = try TestClient(h, name: "bobby", port: 2000)
    try alice.connect()
    try bobby.connect()
    _ = h.command(.addSubscription(SubscriptionID(rawValue: 6), Self.ear(2, 5)))
    _ = h.command(.addPublication(PublicationID(rawValue: 5), Self.microphone(1)))
    let first = try alice.send(payloadType: 111, sequence: 1, ssrc: 100, mid: nil, payload: [1])
    #expect(first.count == 1)
    _ = h.command(.addPublication(PublicationID(rawValue: 5), Self.microphone(1, ssrc: 300)))
    let second = try alice.send(payloadType: 111, sequence: 9, ssrc: 300, mid: nil, payload: [2])
    #expect(second.count == 1)
    func sequence(_ datagram: [UInt8]?) throws -> UInt16 {
      let plain = try bobby.open(try #require(datagram))
      return try plain.withUnsafeBytes { try #require(RTPPacket($0)) }.sequenceNumber
    }
    #expect(try sequence(second.first) == (try sequence(first.first)) &+ 1)
    _ = h.command(.removePublication(PublicationID(rawValue: 5)))
    #expect(
      try alice.send(payloadType: 111, sequence: 10, ssrc: 300, mid: nil, payload: [2]).isEmpty)
  }

  @Test("Reports go out about once a second and name what they are about")
  func reports() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    _ = h.command(.addPublication(PublicationID(rawValue: 1), Self.microphone(1)))
    var sent: [[UInt8]] = []
    for i in 0..<500 {
      sent += try alice.send(
        payloadType: 111, sequence: UInt16(i), ssrc: 100, mid: nil, payload: [1])
      sent += h.advance(.milliseconds(20))
      if i % 100 == 0 { _ = try alice.check() }
    }
    #expect((7...16).contains(sent.count))
    let plain = try alice.open(try #require(sent.last))
    var kinds: [String] = []
    try plain.withUnsafeBytes { bytes in
      var compound = try #require(RTCPCompound(bytes))
      while let packet = compound.next() {
        switch packet {
        case .receiverReport(_, let blocks): kinds.append("RR \(blocks.count)")
        case .sourceDescription: kinds.append("SDES")
        case .extendedReport: kinds.append("XR")
        default: kinds.append("other")
        }
      }
    }
    #expect(kinds == ["RR 1", "SDES", "XR"])
  }

  @Test("Every refusal has a name of its own")
  func names() {
    let refusals = WorkerCounters().refusals
    #expect(Set(refusals.map(\.reason)).count == refusals.count)
    #expect(refusals.contains { $0.reason == "transport.srtpReplayed" })
    #expect(refusals.contains { $0.reason == "worker.handshakeOverflow" })
    #expect(refusals.allSatisfy { $0.count == 0 })
  }
}

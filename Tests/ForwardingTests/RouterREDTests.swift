import Testing
import Wire

@testable import Forwarding

@Suite("RED, kept for some viewers and taken off for others")
struct RouterREDTests {
  private static let red = PayloadBinding(codec: .red, payloadType: 63, rtxPayloadType: nil)
  private static let publisher = [red, RouterHarness.opus]
  private static let redViewer = [
    PayloadBinding(codec: .red, payloadType: 120, rtxPayloadType: nil),
    PayloadBinding(codec: .opus, payloadType: 96, rtxPayloadType: nil),
  ]
  private static let opusViewer = [
    PayloadBinding(codec: .opus, payloadType: 109, rtxPayloadType: nil)
  ]

  private let harness = RouterHarness()

  /// The Opus of a packet: told apart by its number.
  private static func voice(_ sequence: UInt16) -> [UInt8] {
    var octets: [UInt8] = [0x78, UInt8(sequence >> 8), UInt8(sequence & 255)]
    octets += [UInt8](repeating: 0x55, count: Int(sequence) % 5)
    return octets
  }

  /// A packet with the voices of `depth` packets before it, as libwebrtc makes them.
  private static func payload(_ sequence: UInt16, depth: UInt16 = 1, type: UInt8 = 111) -> [UInt8] {
    var headers: [UInt8] = []
    var blocks: [UInt8] = []
    for back in stride(from: depth, to: 0, by: -1) {
      let voice = voice(sequence &- back)
      var word = UInt32(0x80 | type) << 24
      word |= UInt32(back) * 960 << 10
      word |= UInt32(voice.count)
      withUnsafeBytes(of: word.bigEndian) { headers += Array($0) }
      blocks += voice
    }
    return headers + [type] + blocks + voice(sequence)
  }

  @discardableResult
  private func send(
    _ publication: PublicationHandle, _ sequence: UInt16, depth: UInt16 = 1
  ) throws -> Router.ReceiveOutcome {
    try harness.receive(
      publication, ssrc: 100, payloadType: 63, sequence: sequence,
      timestamp: UInt32(sequence) &* 960, payload: Self.payload(sequence, depth: depth),
      audioLevel: 30)
  }

  @Test("Who negotiated RED gets it whole, under its own payload types")
  func whole() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.redViewer)
    for sequence: UInt16 in 10..<20 { try send(publication, sequence, depth: 2) }
    let sent = try harness.sent()
    #expect(sent.allSatisfy { $0.audioLevel == 30 })
    // The first have no past that is ours: what they repeat is from before the stream began.
    #expect(sent.map(\.payloadType) == [96, 96] + Array(repeating: 120, count: 8))
    for (i, packet) in sent.enumerated().dropFirst(2) {
      #expect(packet.payload == Self.payload(10 + UInt16(i), depth: 2, type: 96))
    }
  }

  @Test("Others get the primary, as plain Opus, whatever the depth", arguments: [0, 1, 2, 5])
  func stripped(depth: UInt16) throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    let viewer = try harness.subscribe(.audio, to: publication, payloads: Self.opusViewer)
    for sequence: UInt16 in 10..<40 { try send(publication, sequence, depth: depth) }
    let sent = try harness.sent()
    #expect(sent.map(\.payload) == (10..<40).map(Self.voice))
    #expect(sent.allSatisfy { $0.payloadType == 109 && $0.audioLevel == 30 })
    #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.sequence == $0.sequence &+ 1 })
    #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.timestamp == $0.timestamp &+ 960 })
    let octets = sent.reduce(0) { $0 + UInt64($1.payload.count) }
    #expect(harness.router.numbers(of: viewer)?.counters.octets == octets)
  }

  @Test("Both kinds of viewers at once, and the copy of one does not touch the other's")
  func both() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(
      .audio, to: publication, payloads: Self.redViewer, destination: 1, ssrc: 1)
    _ = try harness.subscribe(
      .audio, to: publication, payloads: Self.opusViewer, destination: 2, ssrc: 2)
    _ = try harness.subscribe(
      .audio, to: publication, payloads: Self.publisher, destination: 3, ssrc: 3)
    try send(publication, 9)
    _ = try harness.sent()
    try send(publication, 10)
    let sent = try harness.sent()
    #expect(sent.map(\.destination) == [1, 2, 3])
    #expect(
      sent.map(\.payload) == [Self.payload(10, type: 96), Self.voice(10), Self.payload(10)])
  }

  @Test("A publisher of plain Opus is not changed for a viewer with RED")
  func plain() throws {
    let publication = try harness.publish(.audio, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.redViewer)
    try harness.audio(publication, 5)
    #expect(try harness.sent().map(\.payloadType) == [96])
  }

  @Test("A publisher may change between RED and Opus in the middle of a stream")
  func mixed() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.redViewer)
    try send(publication, 4)
    try harness.audio(publication, 5)
    try send(publication, 6)
    let sent = try harness.sent()
    // The first has no past, so that it is sent plain.
    #expect(sent.map(\.payloadType) == [96, 96, 120])
    #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.sequence == $0.sequence &+ 1 })
  }

  @Test("A viewer that begins in the middle gets the primary of the last packet")
  func beginning() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    for sequence: UInt16 in 10..<13 { try send(publication, sequence) }
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.opusViewer)
    #expect(try harness.sent().map(\.payload) == [Self.voice(12)])
  }

  @Test("The redundancy of a viewer is turned off and on without a gap")
  func turned() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    let viewer = try harness.subscribe(.audio, to: publication, payloads: Self.redViewer)
    try send(publication, 9)
    try send(publication, 10)
    harness.router.setRedundancy(false, of: viewer)
    try send(publication, 11)
    harness.router.setRedundancy(true, of: viewer)
    try send(publication, 12)
    let sent = try harness.sent()
    #expect(sent.map(\.payloadType) == [96, 120, 96, 120])
    #expect(sent[2].payload == Self.voice(11))
    #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.sequence == $0.sequence &+ 1 })
  }

  // MARK: Lost on the way in

  @Test("A lost packet that is inside a later one goes out under its own number, before that")
  func recovered() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.opusViewer)
    for sequence: UInt16 in [10, 11, 13, 14, 16] { try send(publication, sequence) }
    let sent = try harness.sent()
    #expect(sent.map(\.payload) == (10...16).map(Self.voice))
    #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.sequence == $0.sequence &+ 1 })
    #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.timestamp == $0.timestamp &+ 960 })
    let numbers = try #require(harness.router.numbers(of: publication))
    #expect(numbers.counters.foundInLater == 2)
    #expect(numbers.lost == 2, "the publisher is still told of its path")
    #expect(harness.feedback(publication).nacks.isEmpty)
  }

  @Test("One that comes late after all is a duplicate: no number is used twice")
  func late() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.opusViewer)
    try send(publication, 10)
    try send(publication, 12)
    #expect(try send(publication, 11) == .refused(.duplicate))
    let sent = try harness.sent()
    #expect(sent.map(\.payload) == (10...12).map(Self.voice))
  }

  @Test("Of a burst as many come back as are repeated")
  func burst() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.opusViewer)
    try send(publication, 10, depth: 2)
    try send(publication, 14, depth: 2)
    let sent = try harness.sent()
    #expect(sent.map(\.payload) == [10, 12, 13, 14].map(Self.voice))
    #expect(sent.map { $0.sequence &- sent[0].sequence } == [0, 2, 3, 4])
  }

  @Test("Where packets are not equally long nobody guesses which one was lost")
  func uneven() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.opusViewer)
    try send(publication, 10)
    // A pause before it.
    try harness.receive(
      publication, ssrc: 100, payloadType: 63, sequence: 12, timestamp: 30 * 960,
      payload: Self.payload(12))
    #expect(try harness.sent().map(\.payload) == [10, 12].map(Self.voice))
  }

  // MARK: What must not go out

  @Test("What was said while muted is not inside the first packets afterwards")
  func muted() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(
      .audio, to: publication, payloads: Self.redViewer, destination: 1, ssrc: 1)
    _ = try harness.subscribe(
      .audio, to: publication, payloads: Self.opusViewer, destination: 2, ssrc: 2)
    for sequence: UInt16 in 8..<11 { try send(publication, sequence, depth: 2) }
    harness.router.setMuted(publication, true, now: harness.now)
    for sequence: UInt16 in 11..<13 { try send(publication, sequence, depth: 2) }
    harness.router.setMuted(publication, false, now: harness.now)
    _ = try harness.sent()
    for sequence: UInt16 in 13..<17 { try send(publication, sequence, depth: 2) }
    let sent = try harness.sent()
    #expect(
      sent.filter { $0.destination == 1 }.map(\.payload) == [
        Self.voice(13), Self.voice(14), Self.payload(15, depth: 2, type: 96),
        Self.payload(16, depth: 2, type: 96),
      ])
    #expect(sent.filter { $0.destination == 2 }.map(\.payload) == (13..<17).map(Self.voice))
  }

  @Test("What is not RED around Opus is left out without a gap, and counted")
  func malformed() throws {
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(.audio, to: publication, payloads: Self.redViewer)
    let bad: [[UInt8]] = [
      [0xEF], [0xEF, 0x0F, 0x03, 0xFF, 111, 1], [0], [0x80 | 13, 0, 0, 1, 111, 1, 2],
      Self.payload(13, type: 8), Array(repeating: 0xFF, count: 1200),
    ]
    try send(publication, 10)
    var next: UInt16 = 11
    for payload in bad {
      try harness.receive(
        publication, ssrc: 100, payloadType: 63, sequence: next, timestamp: UInt32(next) * 960,
        payload: payload)
      next += 1
    }
    try send(publication, next)
    let sent = try harness.sent()
    #expect(sent.count == 2 && sent[1].sequence == sent[0].sequence &+ 1)
    #expect(
      harness.router.numbers(of: publication)?.counters.malformed == UInt64(bad.count))
  }

  @Test("Random octets as RED neither trap nor keep a slot", arguments: 1..<5)
  func random(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let publication = try harness.publish(.audio, payloads: Self.publisher, ssrc: 100)
    _ = try harness.subscribe(
      .audio, to: publication, payloads: Self.redViewer, destination: 1, ssrc: 1)
    _ = try harness.subscribe(
      .audio, to: publication, payloads: Self.opusViewer, destination: 2, ssrc: 2)
    for i in 0..<2000 where random.next() % 4 > 0 {
      var payload = (0..<Int(random.next() % 80)).map { _ in
        UInt8(truncatingIfNeeded: random.next() >> 40)
      }
      if !payload.isEmpty { payload[0] = payload[0] & 0x80 | 111 }
      if payload.count > 4 {
        payload[2] &= 0xFC
        payload[4] = 111
      }
      try harness.receive(
        publication, ssrc: 100, payloadType: 63, sequence: UInt16(i), timestamp: UInt32(i) * 960,
        payload: payload)
      _ = try harness.sent()
      harness.advance(5)
    }
    harness.router.removePublication(publication)
    #expect(harness.arena.freeCount == harness.arena.slotCount)
  }
}

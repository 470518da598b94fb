import MediaEngine
import Testing
import Wire

struct ExtendedReportTests {
  private static func blocks(_ datagrams: [[UInt8]], to client: TestClient) throws
    -> [(sender: SSRC, block: ExtendedReport.Block)]
  {
    var found: [(SSRC, ExtendedReport.Block)] = []
    for datagram in datagrams where (192...223).contains(datagram[1]) {
      let plain = try client.open(datagram)
      plain.withUnsafeBytes { bytes in
        guard var compound = RTCPCompound(bytes) else { return }
        while let packet = compound.next() {
          if case .extendedReport(let report) = packet {
            for block in report { found.append((report.sender, block)) }
          }
        }
      }
    }
    return found
  }

  private static func roundTrip(_ h: WorkerHarness, of peer: UInt64) -> MediaDuration? {
    _ = h.command(.collectStatistics)
    guard case .statistics(let statistics)? = h.events.last else { return nil }
    return statistics.peers.first { $0.id == PeerID(rawValue: peer) }?.roundTrip
  }

  @Test("Of who only sends the round trip is learned from its answers to our clock as a receiver")
  func ofSenders() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    _ = h.command(.addPublication(PublicationID(rawValue: 1), WorkerTests.microphone(1)))
    for i in 0..<400 {
      let sent =
        try alice.send(payloadType: 111, sequence: UInt16(i), ssrc: 100, mid: nil, payload: [1])
        + h.advance(.milliseconds(20))
      if i % 50 == 0 { _ = try alice.check() }
      for (sender, block) in try Self.blocks(sent, to: alice) {
        guard case .receiverReferenceTime(let ntp) = block else { continue }
        // 80 ms there and back, and 300 ms that it held its answer.
        _ = h.advance(.milliseconds(380))
        _ = try alice.sendRTCP {
          ExtendedReport.write(
            sender: SSRC(100),
            block: .delaySinceLastReceiverReport(
              ssrc: sender, lastRR: ntp.middle32,
              delay: MediaDuration.milliseconds(300).compactNTP), into: $0)
        }
      }
    }
    let roundTrip = try #require(Self.roundTrip(h, of: 1))
    // What we sent was seen up to 20 ms after it left.
    #expect((78_000...101_000).contains(roundTrip.microseconds), "\(roundTrip)")
  }

  @Test("An answer to another's clock, to none, or of a negative way tells no round trip")
  func strangeAnswers() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    _ = h.command(.addPublication(PublicationID(rawValue: 1), WorkerTests.microphone(1)))
    var ours: SSRC?
    for i in 0..<100 {
      let sent =
        try alice.send(payloadType: 111, sequence: UInt16(i), ssrc: 100, mid: nil, payload: [1])
        + h.advance(.milliseconds(20))
      ours = try Self.blocks(sent, to: alice).first?.sender ?? ours
    }
    let ssrc = try #require(ours)
    let now = NTPTimestamp(h.now, wallOffset: .seconds(1_700_000_000)).middle32
    for (about, last, delay): (SSRC, UInt32, UInt32) in [
      (SSRC(ssrc.rawValue &+ 2), now &- 6553, 0), (ssrc, 0, 0), (ssrc, now, 70_000),
      (ssrc, now &- 20 * 65_536, 0),
    ] {
      _ = try alice.sendRTCP {
        ExtendedReport.write(
          sender: SSRC(100),
          block: .delaySinceLastReceiverReport(ssrc: about, lastRR: last, delay: delay), into: $0)
      }
    }
    #expect(Self.roundTrip(h, of: 1) == nil)
  }

  @Test("Who tells its clock as a receiver is answered with the next report, each source once")
  func answers() throws {
    let h = try WorkerHarness()
    try h.addPeer(1, "alice")
    let alice = try TestClient(h, name: "alice", port: 1000)
    try alice.connect()
    let clock = NTPTimestamp(seconds: 3_900_000_000, fraction: 0x8000_0000)
    // More sources than are kept, the first of them twice: the newer counts.
    for source: UInt32 in [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] {
      _ = try alice.sendRTCP {
        ExtendedReport.write(
          sender: SSRC(source), block: .receiverReferenceTime(clock), into: $0)
      }
    }
    let told = h.now
    var answers: [ExtendedReport.Block] = []
    var waited: MediaDuration?
    while answers.isEmpty, h.now - told < .seconds(3) {
      answers = try Self.blocks(h.advance(.milliseconds(10)), to: alice).map(\.block)
      waited = h.now - told
    }
    #expect(answers.count == 8)
    for (place, answer) in answers.enumerated() {
      guard case .delaySinceLastReceiverReport(let ssrc, let last, let delay) = answer else {
        Issue.record("\(answer)")
        continue
      }
      #expect(ssrc == SSRC(UInt32(place) + 1))
      #expect(last == clock.middle32)
      let held = MediaDuration(compactNTP: delay)
      let slack = try #require(waited) - held
      #expect((0...10_100).contains(slack.microseconds), "\(held)")
    }
    let later = try Self.blocks(h.advance(.seconds(4)), to: alice)
    #expect(later.isEmpty)
  }
}

import Testing
import Wire

@testable import Forwarding

/// Retransmissions to viewers, and reports.
struct RouterResendTests {
  @Test("A viewer's NACK is answered on its RTX stream with the same numbers and payload")
  func rtx() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    for i in 1...5 { try h.video(publication, UInt16(i), key: i == 1) }
    let sent = try h.sent()
    for wanted in [sent[1], sent[3]] {
      #expect(h.resend(wanted.sequence, viewer) == .sent)
      let again = try #require(try h.sent().first)
      #expect(again.ssrc == 9001)
      #expect(again.payloadType == 97)
      #expect(again.isRetransmission)
      #expect(again.original == wanted.sequence)
      #expect(Array(again.payload.dropFirst(2)) == wanted.payload)
      #expect(again.timestamp == wanted.timestamp)
      #expect(again.marker == wanted.marker)
    }
  }

  @Test(
    "The way back to the history survives gaps, left-out packets and a restart of the publisher")
  func survives() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    try h.video(publication, 65_534, key: true)
    try h.receive(
      publication, ssrc: 200, payloadType: 96, sequence: 65_535, timestamp: 0, payload: [],
      padding: 10)
    try h.video(publication, 0)
    try h.video(publication, 3)
    try h.video(publication, 2)
    h.router.setSource(publication, SSRC(555), now: h.now)
    try h.video(publication, 9, key: true, ssrc: 555)
    try h.video(publication, 10, ssrc: 555)
    let sent = try h.sent()
    #expect(sent.count == 6)
    // What came from the source before is gone with it, what came since is there.
    for wanted in sent.suffix(2) {
      #expect(h.resend(wanted.sequence, viewer) == .sent)
      let again = try #require(try h.sent().first)
      #expect(Array(again.payload.dropFirst(2)) == wanted.payload)
    }
    #expect(h.resend(sent[0].sequence, viewer) == .refused)
  }

  @Test("Numbers in the gap before a left-out packet lead to the packets that fill them")
  func lateFill() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    try h.video(publication, 10, key: true)
    try h.receive(
      publication, ssrc: 200, payloadType: 96, sequence: 12, timestamp: 0, payload: [], padding: 10)
    try h.video(publication, 13)
    let sent = try h.sent()
    // 11 is not here yet.
    #expect(h.resend(sent[0].sequence &+ 1, viewer) == .refused)
    try h.videoAgain(publication, 11, rtx: 1)
    _ = try h.sent()
    h.advance(10)
    #expect(h.resend(sent[0].sequence &+ 1, viewer) == .sent)
    #expect(try h.sent().first?.payload.last == 11)
  }

  @Test("A question that was on its way when a late packet left is not answered with a second copy")
  func staleQuestion() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    func resend(_ sequence: UInt16) -> Router.ResendOutcome {
      h.router.resend(
        sequence, on: viewer, now: h.now, roundTrip: .milliseconds(80), isPathFree: true,
        into: &h.out)
    }
    try h.video(publication, 1, key: true)
    try h.video(publication, 2)
    try h.video(publication, 4)
    let first = try #require(try h.sent().first).sequence
    h.advance(40)
    #expect(resend(first &+ 2) == .refused)
    h.advance(60)
    try h.videoAgain(publication, 3, rtx: 1)
    #expect(try h.sent().map(\.sequence) == [first &+ 2])
    h.advance(10)
    #expect(resend(first &+ 2) == .refused)
    // In order: whoever asks for it misses it.
    try h.video(publication, 5)
    #expect(resend(first &+ 4) == .sent)
    h.advance(70)
    // A round trip later the late one may have been lost as well.
    #expect(resend(first &+ 2) == .sent)
  }

  @Test("The same packet is not sent again within a round trip, nor for ever")
  func rateLimit() throws {
    let long = RetransmissionWindow.Limits(initial: .seconds(20), maximum: .seconds(20))
    let h = RouterHarness(limits: RouterLimits(retransmissions: long, arenaReserve: 0))
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    try h.video(publication, 1, key: true)
    let sequence = try #require(try h.sent().first).sequence
    func resend() -> Router.ResendOutcome {
      h.router.resend(
        sequence, on: viewer, now: h.now, roundTrip: .milliseconds(100), isPathFree: true,
        into: &h.out)
    }
    #expect(resend() == .sent)
    h.advance(99)
    #expect(resend() == .refused)
    h.advance(1)
    #expect(resend() == .sent)
    var count = 2
    for _ in 0..<100 {
      h.advance(100)
      if resend() == .sent { count += 1 }
    }
    #expect(count == 10)
    // All but the first time twice.
    #expect(try h.sent().count == 19)
  }

  @Test("What is asked for again is sent twice, but once where a queue stands")
  func twice() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    for i in 1...5 { try h.video(publication, UInt16(i), key: i == 1) }
    let wanted = try h.sent()[2]
    #expect(h.resend(wanted.sequence, viewer) == .sent)
    #expect(try h.sent().count == 1)
    h.advance(100)
    #expect(h.resend(wanted.sequence, viewer) == .sent)
    let again = try h.sent()
    #expect(again.map(\.original) == [wanted.sequence, wanted.sequence])
    #expect(again[1].sequence == again[0].sequence &+ 1)
    h.advance(100)
    #expect(h.resend(wanted.sequence, viewer, isPathFree: false) == .sent)
    #expect(try h.sent().count == 1)
  }

  @Test("A storm of NACKs yields no more than the viewer has earned")
  func storm() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    var forwarded: [UInt16] = []
    for i in 0..<400 {
      try h.video(publication, UInt16(i), key: i == 0)
      forwarded += try h.sent().map(\.sequence)
      h.advance(1)
    }
    var resent = 0
    for _ in 0..<50 {
      for sequence in forwarded where h.resend(sequence, viewer) == .sent { resent += 1 }
      _ = try h.sent()
      h.advance(20)
    }
    #expect(resent == 128)
    let counters = try #require(h.router.numbers(of: viewer)).counters
    #expect(counters.throttled > 1000)
    #expect(counters.retransmissions == 128)
  }

  @Test("Random NACKs are refused without harm")
  func randomNACKs() throws {
    var random = SeededRandom(seed: 11)
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    for i in 0..<20 { try h.video(publication, UInt16(i), key: i == 0) }
    _ = try h.sent()
    for _ in 0..<10_000 {
      _ = h.resend(UInt16(truncatingIfNeeded: random.next()), viewer)
      _ = try h.sent()
    }
    #expect(h.arena.freeCount == h.arena.slotCount - 20)
  }

  @Test("Old packets are not sent again")
  func age() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    try h.video(publication, 1, key: true)
    let sequence = try #require(try h.sent().first).sequence
    h.advance(1501)
    #expect(h.resend(sequence, viewer) == .refused)
  }

  @Test(
    "Sender reports tell viewers the publisher's mapping in our clock, the same for sound and picture"
  )
  func senderReports() throws {
    let h = RouterHarness()
    let audio = try h.publish(.audio, ssrc: 100)
    let video = try h.publish(.video, ssrc: 200)
    let ear = try h.subscribe(.audio, to: audio, ssrc: 9000)
    let eye = try h.subscribe(.video, to: video, ssrc: 9100)
    try h.audio(audio, 1, timestamp: 48_000)
    try h.video(video, 1, key: true, timestamp: 900_000)
    let sent = try h.sent()
    let local = NTPTimestamp(seconds: 1000, fraction: 0)
    var clock = SenderClock()
    #expect(h.router.makeSenderReport(for: ear, ntp: local, clock: clock) == nil)
    // The publisher's clock is 77 s ahead. At its second 1076 the audio clock showed 24 000, the
    // video clock 855 000.
    let there = NTPTimestamp(seconds: 1076, fraction: 0)
    func report(_ ssrc: UInt32, _ timestamp: UInt32) -> SenderReport {
      SenderReport(
        sender: SSRC(ssrc), ntp: there, rtpTimestamp: timestamp, packetCount: 1, octetCount: 1)
    }
    clock.note(there, local: NTPTimestamp(seconds: 999, fraction: 0))
    #expect(h.router.noteSenderReport(report(100, 24_000), of: audio, now: h.now))
    #expect(h.router.noteSenderReport(report(200, 855_000), of: video, now: h.now))
    #expect(!h.router.noteSenderReport(report(999, 1), of: video, now: h.now))
    // Our 1000 is its 1077: one second after the reports.
    let sound = try #require(h.router.makeSenderReport(for: ear, ntp: local, clock: clock))
    let picture = try #require(h.router.makeSenderReport(for: eye, ntp: local, clock: clock))
    #expect(sound.ntp == local && picture.ntp == local)
    // In the publisher's terms 72 000 and 945 000.
    #expect(sound.rtpTimestamp &- sent[0].timestamp == 24_000)
    #expect(picture.rtpTimestamp &- sent[1].timestamp == 45_000)
    #expect(sound.packetCount == 1)
    #expect(sound.octetCount == 2)
    #expect(picture.sender == SSRC(9100))
  }

  @Test("A viewer's complaints reach the publisher as one question")
  func keyframeRequests() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewers = try (0..<3).map { try h.subscribe(.video, to: publication, destination: $0) }
    try h.video(publication, 1, key: true)
    h.advance(1000)
    for viewer in viewers { h.router.requestKeyframe(for: viewer, now: h.now) }
    var asked = 0
    for _ in 0..<250 {
      if h.feedback(publication).keyframe { asked += 1 }
      h.advance(1)
    }
    #expect(asked == 1)
  }

  /// Forwards 60 packets 10 ms apart, then asks for the one sent `age` ms ago.
  private func resend(
    age: Int64, roundTrip: Int64?, loss: UInt8 = 0
  ) throws -> (Router.ResendOutcome, RouterHarness, SubscriptionHandle) {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    if let roundTrip {
      // As often as it takes to believe that little is lost.
      for _ in 0..<10 {
        h.router.noteRoundTrip(.milliseconds(roundTrip), fractionLost: loss, of: viewer)
      }
    }
    var sent: [RouterHarness.Out] = []
    for i in 0..<180 {
      try h.video(publication, UInt16(i), key: i == 0)
      sent += try h.sent()
      h.advance(10)
    }
    let outcome = h.resend(sent[180 - Int(age / 10)].sequence, viewer)
    return (outcome, h, viewer)
  }

  @Test("Packets are kept for some round trips, longer where requests are lost too, within bounds")
  func window() throws {
    // Not known yet: half a second.
    #expect(try resend(age: 490, roundTrip: nil).0 == .sent)
    #expect(try resend(age: 520, roundTrip: nil).0 == .refused)
    // Next door: a quarter of a second.
    #expect(try resend(age: 240, roundTrip: 1).0 == .sent)
    #expect(try resend(age: 270, roundTrip: 1).0 == .refused)
    // Across a continent.
    #expect(try resend(age: 390, roundTrip: 50).0 == .sent)
    #expect(try resend(age: 420, roundTrip: 50).0 == .refused)
    #expect(try resend(age: 690, roundTrip: 50, loss: 13).0 == .sent)
    // By satellite: never longer than the picture may stand still.
    #expect(try resend(age: 1490, roundTrip: 600).0 == .sent)
    #expect(try resend(age: 1520, roundTrip: 600).0 == .refused)
  }

  @Test("A handshake can shorten what is kept for a viewer that has not reported yet, not widen it")
  func handshake() throws {
    let h = RouterHarness()
    let viewer = try h.subscribe(.video, to: try h.publish(.video, ssrc: 200))
    func span(after milliseconds: Int64) -> MediaDuration? {
      h.router.noteHandshake(.milliseconds(milliseconds), of: viewer)
      return h.router.retransmissionSpan(of: viewer)
    }
    #expect(h.router.retransmissionSpan(of: viewer) == .milliseconds(500))
    #expect(span(after: 4) == .milliseconds(250))
    #expect(span(after: 40) == .milliseconds(340))
    #expect(span(after: 3000) == .milliseconds(500))
  }

  @Test("One report that says something odd doubles what is kept at most")
  func outlier() throws {
    let h = RouterHarness()
    let viewer = try h.subscribe(.video, to: try h.publish(.video, ssrc: 200))
    func span(_ milliseconds: Int64) -> MediaDuration? {
      h.router.noteRoundTrip(.milliseconds(milliseconds), of: viewer)
      return h.router.retransmissionSpan(of: viewer)
    }
    #expect(span(2) == .milliseconds(250))
    #expect(span(2000) == .milliseconds(500))
    #expect(span(2) == .milliseconds(250))
    #expect(span(200) == .milliseconds(500))
    #expect(span(200) == .milliseconds(1000))
    #expect(span(200) == .milliseconds(1300))
  }

  @Test("A viewer 300 ms away gets what it asks for, also at the third attempt")
  func farAway() throws {
    for age in [Int64(300), 600, 900, 1200] {
      #expect(try resend(age: age, roundTrip: 300).0 == .sent)
    }
  }

  @Test("The viewer that is farthest decides, until it leaves")
  func farthest() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let near = try h.subscribe(.video, to: publication)
    let far = try h.subscribe(.video, to: publication, destination: 1, ssrc: 9500, rtx: 9501)
    for _ in 0..<10 {
      h.router.noteRoundTrip(.milliseconds(5), of: near)
      h.router.noteRoundTrip(.milliseconds(150), of: far)
    }
    func held(after milliseconds: Int64) throws -> Int {
      for i in 0..<(milliseconds / 10) {
        try h.video(
          publication, UInt16(truncatingIfNeeded: h.now.nanoseconds / 10_000_000), key: i == 0)
        _ = try h.sent()
        h.advance(10)
      }
      return h.arena.slotCount - h.arena.freeCount
    }
    // 6 * 150 + 100 ms.
    #expect(try held(after: 2000) == 100)
    h.router.removeSubscription(far)
    #expect(try held(after: 400) == 25)
    h.router.removeSubscription(near)
    #expect(h.arena.freeCount == h.arena.slotCount)
  }

  @Test("A request that came too late makes the next ones come in time")
  func tooLate() throws {
    let (outcome, h, viewer) = try resend(age: 300, roundTrip: 5)
    #expect(outcome == .refused)
    // 300 ms and a margin.
    #expect(h.router.retransmissionSpan(of: viewer) == .milliseconds(400))
    for _ in 0..<40 { h.router.noteRoundTrip(.milliseconds(5), of: viewer) }
    #expect(h.router.retransmissionSpan(of: viewer) == .milliseconds(250))
  }
}

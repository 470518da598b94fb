import Testing
import Wire

@testable import Forwarding

/// A muted publication forwards nothing, in whatever order things happen.
@Suite struct MutedPublicationTests {
  @Test("Zero packets of what is said while muted, over random orders of events", arguments: 0..<60)
  func random(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed) &+ 1)
    let harness = RouterHarness(slots: 4096, seed: UInt64(seed) &+ 1)
    let kind: MediaKind = seed.isMultiple(of: 2) ? .audio : .video
    let beginsMuted = seed % 3 == 0
    var ssrc: UInt32 = kind == .audio ? 100 : 200
    let publication = try harness.publish(kind, ssrc: ssrc, muted: beginsMuted)
    var isMuted = beginsMuted
    var sequence: UInt16 = 65_400
    var dropped: UInt64 = 0
    var viewers: [SubscriptionHandle] = []
    var lastSequences: [UInt32: UInt16] = [:]
    var forwarded = 0

    func packet() throws {
      sequence &+= 1
      // Some are lost on the way in.
      if UInt8.random(in: 0..<16, using: &random) == 0 { return }
      let outcome =
        kind == .audio
        ? try harness.audio(publication, sequence, ssrc: ssrc)
        : try harness.video(publication, sequence, key: sequence % 8 == 0, ssrc: ssrc)
      guard isMuted else { return }
      #expect(outcome != .accepted(isFirst: true) && outcome != .accepted(isFirst: false))
      if outcome == .refused(.muted) { dropped += 1 }
    }

    for _ in 0..<600 {
      harness.advance(5)
      switch Int.random(in: 0..<16, using: &random) {
      case 0:
        isMuted.toggle()
        harness.router.setMuted(publication, isMuted, now: harness.now)
      case 1 where viewers.count < 4:
        let number = UInt32(viewers.count)
        viewers.append(
          try harness.subscribe(
            kind, to: publication, destination: Int32(number), ssrc: 9000 + 10 * number,
            rtx: 9001 + 10 * number))
      case 2:
        guard let viewer = viewers.randomElement(using: &random) else { break }
        try harness.router.bind(viewer, to: nil, now: harness.now, into: &harness.out)
        try harness.router.bind(viewer, to: publication, now: harness.now, into: &harness.out)
      case 3:
        // A viewer asks for what it has missed, also for what was sent before the mute.
        for (number, viewer) in viewers.enumerated() {
          let last = lastSequences[9000 + 10 * UInt32(number)] ?? 0
          for back in 0..<8 as Range<UInt16> { _ = harness.resend(last &- back, viewer) }
        }
      case 4 where kind == .video:
        sequence &+= 1
        _ = try harness.videoAgain(publication, sequence &- 1, rtx: sequence)
      case 5:
        ssrc += 1000
        harness.router.setSource(publication, SSRC(ssrc), now: harness.now)
      case 6: _ = harness.feedback(publication)
      default: try packet()
      }
      let sent = try harness.sent()
      #expect(!isMuted || sent.isEmpty, "\(sent.count) packets of a muted publication")
      forwarded += sent.count
      for packet in sent where !packet.isRetransmission {
        lastSequences[packet.ssrc] = packet.sequence
      }
    }
    #expect(harness.router.numbers(of: publication)?.counters.muted ?? 0 >= dropped)
    #expect(dropped > 0 && forwarded > 0, "the seed tries nothing")
  }
}

import Testing
import Wire

@testable import Forwarding

/// Packets through a router: who gets what, under which numbers.
struct RouterTests {
  @Test("Audio goes to every viewer at once under its own SSRC, with its mid and audio level")
  func audio() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    _ = try h.subscribe(.audio, to: publication, destination: 1, ssrc: 9000)
    _ = try h.subscribe(.audio, to: publication, destination: 2, ssrc: 9500)
    #expect(try h.audio(publication, 7) == .accepted(isFirst: true))
    let sent = try h.sent()
    #expect(sent.map(\.destination) == [1, 2])
    #expect(sent.map(\.ssrc) == [9000, 9500])
    #expect(sent.allSatisfy { $0.payload == [0x78, 7] && $0.audioLevel == 30 && $0.mid == "a" })
    #expect(sent.allSatisfy { $0.isFirst && $0.marker })
    #expect(try h.audio(publication, 8) == .accepted(isFirst: false))
    let next = try h.sent()
    #expect(next[0].sequence == sent[0].sequence &+ 1)
    #expect(next[0].timestamp == sent[0].timestamp &+ 960)
    #expect(next.allSatisfy { !$0.isFirst && !$0.marker })
  }

  @Test("A fresh viewer gets video from the next keyframe on, which is asked for at once")
  func freshViewer() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    try h.video(publication, 1, key: true)
    h.advance(2000)
    try h.video(publication, 2)
    _ = try h.subscribe(.video, to: publication)
    #expect(h.feedback(publication).keyframe)
    try h.video(publication, 3)
    #expect(try h.sent().isEmpty)
    h.advance(40)
    try h.video(publication, 4, key: true)
    let sent = try h.sent()
    #expect(sent.count == 1)
    #expect(sent.first?.isFirst == true)
    h.advance(5000)
    #expect(!h.feedback(publication).keyframe)
  }

  @Test("Before its first packet a publisher is not asked for anything")
  func nothingToAsk() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication)
    h.advance(1000)
    #expect(h.router.nextDeadline(of: publication) == nil)
    #expect(!h.feedback(publication).keyframe)
    try h.video(publication, 1)
    #expect(h.feedback(publication).keyframe)
  }

  @Test("A switch of publication keeps sequence, timestamp and picture ids continuous")
  func switching() throws {
    let h = RouterHarness()
    let camera = try h.publish(.video, ssrc: 200)
    let screen = try h.publish(.video, ssrc: 300)
    let viewer = try h.subscribe(.video, to: camera)
    var all: [RouterHarness.Out] = []
    for i in 0..<10 {
      try h.video(camera, UInt16(60_000 + i), key: i == 0)
      h.advance(33)
    }
    all += try h.sent()
    try h.router.bind(viewer, to: screen, now: h.now, into: &h.out)
    #expect(h.feedback(screen).keyframe == false)
    try h.video(screen, 100, ssrc: 300)
    #expect(h.feedback(screen).keyframe)
    try h.video(camera, 60_010)
    h.advance(67)
    for i in 1..<10 {
      try h.video(screen, UInt16(100 + i), key: i == 1, ssrc: 300, tl0: UInt8(i))
      h.advance(33)
    }
    all += try h.sent()
    #expect(all.count == 19)
    for (a, b) in zip(all, all.dropFirst()) {
      #expect(b.sequence == a.sequence &+ 1)
      let step = b.timestamp &- a.timestamp
      #expect(step >= 900 && step < 20_000)
      let (p, q) = (try #require(a.vp8), try #require(b.vp8))
      #expect(try #require(q.pictureID) == (try #require(p.pictureID) + 1) & 0x7FFF)
      #expect(try #require(q.tl0PicIdx) == (try #require(p.tl0PicIdx)) &+ 1)
    }
  }

  @Test("A publisher that restarts with another SSRC goes on without a break of numbers")
  func restart() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication)
    for i in 0..<5 { try h.video(publication, UInt16(i), key: i == 0) }
    let before = try h.sent()
    h.advance(500)
    h.router.setSource(publication, SSRC(777), now: h.now)
    #expect(h.feedback(publication).keyframe)
    // Late packets of the old source are nothing any more.
    #expect(try h.video(publication, 5) == .refused(.staleSource))
    try h.video(publication, 40_000, ssrc: 777, picture: 9)
    #expect(try h.sent().isEmpty)
    try h.video(publication, 40_001, key: true, ssrc: 777, picture: 10)
    try h.video(publication, 40_002, ssrc: 777, picture: 11)
    let after = try h.sent()
    let last = try #require(before.last)
    #expect(after.map(\.sequence) == [last.sequence &+ 1, last.sequence &+ 2])
    #expect(after[0].timestamp &- last.timestamp == 45_000)
    #expect(after[0].vp8?.pictureID == (try #require(last.vp8?.pictureID) + 1) & 0x7FFF)
    #expect(after[1].vp8?.pictureID == (try #require(last.vp8?.pictureID) + 2) & 0x7FFF)
    #expect(h.router.numbers(of: publication)?.counters.restarts == 1)
  }

  @Test("A lost packet is asked for, comes as RTX, and goes out under the number it left open")
  func recovery() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication)
    for i in [1, 2, 4, 5, 6] { try h.video(publication, UInt16(i), key: i == 1) }
    let first = try h.sent()
    #expect(h.feedback(publication).nacks == [3])
    try h.videoAgain(publication, 3, rtx: 1)
    let late = try h.sent()
    #expect(late.map(\.sequence) == [first[1].sequence &+ 1])
    #expect(late[0].vp8?.pictureID == (try #require(first[1].vp8?.pictureID) + 1) & 0x7FFF)
    #expect(late[0].payload.suffix(2) == [0, 3])
    // The second copy is nothing new.
    #expect(try h.videoAgain(publication, 3, rtx: 2) == .refused(.duplicate))
    #expect(try h.sent().isEmpty)
    h.advance(500)
    #expect(h.feedback(publication).nacks == [])
  }

  @Test("When the start of a keyframe comes late, a waiting viewer gets what followed it")
  func lateKeyframe() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication)
    for i in [1, 2, 4, 5] { try h.video(publication, UInt16(i)) }
    #expect(try h.sent().isEmpty)
    try h.videoAgain(publication, 3, key: true, rtx: 1)
    let sent = try h.sent()
    #expect(sent.map { $0.payload.last } == [3, 4, 5])
    let base = try #require(sent.first).sequence
    #expect(sent.map(\.sequence) == [base, base &+ 1, base &+ 2])
  }

  @Test("Padding among what a waiting viewer gets afterwards leaves no gap")
  func lateKeyframeWithPadding() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication)
    try h.video(publication, 1)
    try h.video(publication, 3)
    try h.receive(
      publication, ssrc: 200, payloadType: 96, sequence: 4, timestamp: 0, payload: [], padding: 9)
    try h.video(publication, 5)
    try h.videoAgain(publication, 2, key: true, rtx: 1)
    try h.video(publication, 6)
    let sent = try h.sent()
    #expect(sent.map { $0.payload.last } == [2, 3, 5, 6])
    let base = try #require(sent.first).sequence
    #expect(sent.map(\.sequence) == [0, 1, 2, 3].map { base &+ $0 })
  }

  @Test("Padding-only packets are not forwarded and leave no gap; a late one fills its hole")
  func padding() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    let viewer = try h.subscribe(.video, to: publication)
    try h.video(publication, 1, key: true)
    try h.receive(
      publication, ssrc: 200, payloadType: 96, sequence: 2, timestamp: 3000, payload: [],
      padding: 200)
    try h.video(publication, 3)
    try h.video(publication, 5)
    let sent = try h.sent()
    let base = try #require(sent.first).sequence
    #expect(sent.map(\.sequence) == [base, base &+ 1, base &+ 3])
    try h.receive(
      publication, ssrc: 200, payloadType: 96, sequence: 4, timestamp: 9000, payload: [],
      padding: 200)
    let filler = try h.sent()
    #expect(filler.map(\.sequence) == [base &+ 2])
    #expect(filler.first?.payload == [])
    // It can be had again, too, when it was lost after all.
    h.advance(10)
    #expect(h.resend(base &+ 2, viewer) == .sent)
    let again = try #require(try h.sent().first)
    #expect(again.ssrc == 9001)
    #expect(again.original == base &+ 2)
    #expect(again.payload.count == 2)
  }

  @Test("Padding behind a payload is cut off")
  func paddedPayload() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    _ = try h.subscribe(.audio, to: publication)
    try h.receive(
      publication, ssrc: 100, payloadType: 111, sequence: 4, timestamp: 9000, payload: [1, 2, 3],
      padding: 9)
    #expect(try h.sent().map(\.payload) == [[1, 2, 3]])
  }

  @Test("Nothing of a muted publication goes out; afterwards the stream is continuous")
  func mute() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    let viewer = try h.subscribe(.audio, to: publication)
    for i in 0..<3 { try h.audio(publication, UInt16(i)) }
    let before = try h.sent()
    h.router.setMuted(publication, true, now: h.now)
    #expect(h.arena.freeCount == h.arena.slotCount)
    for i in 3..<50 {
      h.advance(20)
      #expect(try h.audio(publication, UInt16(i)) == .refused(.muted))
    }
    #expect(try h.sent().isEmpty)
    #expect(h.resend(try #require(before.last).sequence, viewer) == .refused)
    h.router.setMuted(publication, false, now: h.now)
    for i in 50..<53 { try h.audio(publication, UInt16(i)) }
    let after = try h.sent()
    let last = try #require(before.last)
    #expect(after.map(\.sequence) == [1, 2, 3].map { last.sequence &+ $0 })
    #expect(after.first?.timestamp == last.timestamp &+ 48 * 960)
    #expect(h.feedback(publication).nacks == [])
    #expect(h.router.numbers(of: publication)?.counters.muted == 47)
  }

  @Test("Video after a mute begins with a keyframe that was asked for")
  func muteVideo() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication)
    try h.video(publication, 1, key: true)
    let before = try h.sent()
    h.router.setMuted(publication, true, now: h.now)
    try h.video(publication, 2)
    h.advance(1000)
    h.router.setMuted(publication, false, now: h.now)
    #expect(h.feedback(publication).keyframe)
    try h.video(publication, 3)
    #expect(try h.sent().isEmpty)
    try h.video(publication, 4, key: true)
    let after = try h.sent()
    #expect(after.first?.sequence == before.first.map { $0.sequence &+ 1 })
    #expect(after.first?.vp8?.pictureID == before.first?.vp8?.pictureID.map { ($0 + 1) & 0x7FFF })
  }

  @Test("A codec that the viewer does not have is left out without a gap")
  func codecs() throws {
    let h = RouterHarness()
    let publication = try h.publish(
      .video, payloads: [RouterHarness.vp8, RouterHarness.h264], ssrc: 200)
    let other = PayloadBinding(codec: .vp8, payloadType: 120, rtxPayloadType: 121)
    _ = try h.subscribe(.video, to: publication, payloads: [other], destination: 1)
    _ = try h.subscribe(
      .video, to: publication, payloads: [other, RouterHarness.h264], destination: 2)
    try h.video(publication, 1, key: true)
    try h.receive(
      publication, ssrc: 200, payloadType: 102, sequence: 2, timestamp: 6000, payload: [0x65, 1])
    try h.video(publication, 3, key: true)
    let sent = try h.sent()
    let first = sent.filter { $0.destination == 1 }
    let second = sent.filter { $0.destination == 2 }
    #expect(first.map(\.payloadType) == [120, 120])
    #expect(first[1].sequence == first[0].sequence &+ 1)
    #expect(second.map(\.payloadType) == [120, 102, 120])
    #expect(second[2].sequence == second[0].sequence &+ 2)
    #expect(
      try h.receive(
        publication, ssrc: 200, payloadType: 55, sequence: 4, timestamp: 0, payload: [1])
        == .refused(.unknownPayloadType))
  }

  @Test("H.264 begins with its parameter sets or an IDR slice")
  func h264() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, payloads: [RouterHarness.h264], ssrc: 200)
    _ = try h.subscribe(.video, to: publication, payloads: [RouterHarness.h264])
    for (i, type) in [UInt8(0x41), 0x67, 0x68, 0x65, 0x41].enumerated() {
      try h.receive(
        publication, ssrc: 200, payloadType: 102, sequence: UInt16(i), timestamp: 0,
        payload: [type, 9])
    }
    #expect(try h.sent().map { $0.payload[0] } == [0x67, 0x68, 0x65, 0x41])
  }

  @Test("Tables are bounded, and stale handles find nothing")
  func bounds() throws {
    let h = RouterHarness(
      limits: RouterLimits(
        publications: 1, subscriptions: 2, subscribersPerPublication: 1, arenaReserve: 0))
    let publication = try h.publish(.audio, ssrc: 100)
    #expect(throws: RouterError.full) { try h.publish(.audio, ssrc: 101) }
    let viewer = try h.subscribe(.audio, to: publication)
    #expect(throws: RouterError.full) { try h.subscribe(.audio, to: publication) }
    #expect(throws: RouterError.full) { try h.subscribe(.audio, to: nil) }
    h.router.removeSubscription(viewer)
    #expect(throws: RouterError.unknownSubscription) {
      try h.router.bind(viewer, to: publication, now: h.now, into: &h.out)
    }
    h.router.removePublication(publication)
    #expect(try h.audio(publication, 1) == .refused(.unknownPublication))
    let next = try h.publish(.audio, ssrc: 100)
    #expect(next.index == publication.index)
    #expect(try h.audio(publication, 1) == .refused(.unknownPublication))
    #expect(h.arena.freeCount == h.arena.slotCount)
  }

  @Test("A video subscription cannot carry audio")
  func kinds() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    #expect(throws: RouterError.kindMismatch) { try h.subscribe(.video, to: publication) }
  }

  @Test("A subscription that comes back under its SSRC goes on where it ended")
  func comesBack() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    let viewer = try h.subscribe(.audio, to: publication)
    try h.audio(publication, 1)
    let before = try #require(try h.sent().first)
    let position = h.router.removeSubscription(viewer)
    var settings = SubscriptionSettings(
      destination: 0, kind: .audio, ssrc: SSRC(9000), rtxSSRC: nil,
      payloads: [RouterHarness.opus], extensions: HeaderExtensionMap(), mid: nil)
    let again = try h.router.addSubscription(settings, continuing: position)
    try h.router.bind(again, to: publication, now: h.now, into: &h.out)
    try h.audio(publication, 2)
    let first = try #require(try h.sent().first)
    #expect(first.sequence == before.sequence &+ 1)
    // Other payload types: the same stream.
    settings.payloads = [PayloadBinding(codec: .opus, payloadType: 63, rtxPayloadType: nil)]
    try h.router.reconfigure(again, settings)
    try h.audio(publication, 3)
    let second = try #require(try h.sent().first)
    #expect(second.sequence == before.sequence &+ 2)
    #expect(second.payloadType == 63)
  }

  @Test("Unbound is silent; bound again the stream goes on")
  func unbind() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    let viewer = try h.subscribe(.audio, to: publication)
    try h.audio(publication, 1)
    let before = try h.sent()
    try h.router.bind(viewer, to: nil, now: h.now, into: &h.out)
    try h.audio(publication, 2)
    #expect(try h.sent().isEmpty)
    try h.router.bind(viewer, to: publication, now: h.now, into: &h.out)
    try h.audio(publication, 3)
    let after = try h.sent()
    // It begins with what was said last.
    #expect(after.map { $0.sequence &- before[0].sequence } == [1, 2])
    #expect(after.map { $0.timestamp &- before[0].timestamp } == [960, 1920])
  }

  @Test("When the arena runs dry packets are dropped and counted, and all slots come back")
  func starvation() throws {
    let h = RouterHarness(slots: 40)
    let publication = try h.publish(.audio, ssrc: 100)
    let viewer = try h.subscribe(.audio, to: publication)
    for i in 0..<39 {
      try h.audio(publication, UInt16(i))
      _ = try h.sent()
    }
    try h.audio(publication, 39)
    #expect(try h.sent().isEmpty)
    #expect(h.router.numbers(of: viewer)?.counters.starved == 1)
    h.router.removePublication(publication)
    #expect(h.arena.freeCount == 40)
  }

  @Test("With little of the arena left the histories shrink")
  func reserve() throws {
    let h = RouterHarness(limits: RouterLimits(arenaReserve: 20), slots: 40)
    let publication = try h.publish(.audio, ssrc: 100)
    _ = try h.subscribe(.audio, to: publication)
    for i in 0..<200 {
      try h.audio(publication, UInt16(i))
      #expect(try h.sent().count == 1)
    }
    #expect(h.arena.freeCount >= 18)
  }

  @Test(
    "The packets of a frame that differ by an octet leave equally long, their payload unchanged")
  func equalLengths() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication)
    func payload(_ length: Int, key: Bool) -> [UInt8] {
      let start = RouterHarness.frame(key: key, picture: 1, tl0: 1, mark: 1)
      return start + (start.count..<length).map { UInt8(truncatingIfNeeded: $0) }
    }
    // Of one frame; then a short one and an audio-sized one, which are left as they are.
    for (sequence, length) in [(1, 1100), (2, 1101), (3, 1101), (4, 300), (5, 60)] {
      try h.receive(
        publication, ssrc: 200, payloadType: 96, sequence: UInt16(sequence), timestamp: 3000,
        payload: payload(length, key: sequence == 1))
    }
    let lengths = Array(h.out.packets).map { Int($0.length) }
    #expect(Set(lengths[0...2]).count == 1)
    #expect(lengths[0] - 1101 < 64)
    let sent = try h.sent()
    #expect(sent.map(\.payload.count) == [1100, 1101, 1101, 300, 60])
    for packet in sent {
      // What follows the descriptor, whose picture number is rewritten, and the payload header.
      #expect(
        packet.payload[9...].elementsEqual((9..<packet.payload.count).map { UInt8($0 & 255) }))
    }
    #expect(lengths[3] - lengths[4] == 240)
  }
}

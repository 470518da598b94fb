import Testing
import Wire

@testable import Forwarding

/// What a viewer gets first.
struct RouterBeginningTests {
  @Test("A viewer hears the last packet of a voice at once, also the first viewer")
  func voice() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    for sequence in UInt16(1)...5 {
      try h.audio(publication, sequence)
      h.advance(20)
    }
    // One packet is kept, not five.
    #expect(h.arena.freeCount == h.arena.slotCount - 1)
    _ = try h.subscribe(.audio, to: publication)
    let first = try h.sent()
    #expect(first.map(\.payload) == [[0x78, 5]])
    #expect(first.first?.isFirst == true)
    #expect(first.first?.marker == true)
    try h.audio(publication, 6)
    let next = try h.sent()
    #expect(next.map(\.sequence) == [first[0].sequence &+ 1])
    #expect(next.map(\.timestamp) == [first[0].timestamp &+ 960])
  }

  @Test("What was said longer ago than a packet lasts is not said again")
  func silence() throws {
    let h = RouterHarness()
    let publication = try h.publish(.audio, ssrc: 100)
    try h.audio(publication, 1)
    h.advance(100)
    _ = try h.subscribe(.audio, to: publication)
    #expect(try h.sent().isEmpty)
  }

  @Test("A second viewer gets the last keyframe and all since, in order, and nobody is asked")
  func lateViewer() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication, destination: 1, ssrc: 9000)
    for sequence in UInt16(1)...6 {
      try h.video(publication, sequence, key: sequence == 1 || sequence == 3)
      h.advance(33)
    }
    _ = try h.sent()
    _ = try h.subscribe(.video, to: publication, destination: 2, ssrc: 9500)
    let sent = try h.sent()
    #expect(sent.map(\.destination) == [2, 2, 2, 2])
    #expect(sent.map { $0.payload.last } == [3, 4, 5, 6])
    #expect(sent.map { $0.sequence &- sent[0].sequence } == [0, 1, 2, 3])
    #expect(sent.map { $0.timestamp &- sent[0].timestamp } == [0, 3000, 6000, 9000])
    #expect(!h.feedback(publication).keyframe)
    try h.video(publication, 7)
    #expect(try h.sent().map(\.destination) == [1, 2])
  }

  @Test("The first viewer gets a keyframe that was drawn just now, if all of it came")
  func firstViewer() throws {
    for missing in [UInt16?.none, 2] {
      let h = RouterHarness()
      let publication = try h.publish(.video, ssrc: 200)
      for sequence in UInt16(1)...4 where sequence != missing {
        try h.video(publication, sequence, key: sequence == 1)
      }
      _ = try h.subscribe(.video, to: publication)
      #expect(try h.sent().map { $0.payload.last } == (missing == nil ? [1, 2, 3, 4] : []))
      #expect(h.feedback(publication).keyframe == (missing != nil))
      // From now on what is missing is asked for.
      try h.video(publication, 6)
      h.advance(20)
      #expect(h.feedback(publication).nacks == [5])
    }
  }

  @Test("Nothing is held for long where nobody looks")
  func unviewed() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    for sequence in UInt16(1)...20 {
      try h.video(publication, sequence, key: sequence == 1)
      h.advance(33)
    }
    #expect(h.arena.freeCount == h.arena.slotCount)
    _ = try h.subscribe(.video, to: publication)
    #expect(h.feedback(publication).keyframe)
  }

  @Test("A packet that is missing since the keyframe finds its place when it comes")
  func gap() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication, destination: 1, ssrc: 9000)
    try h.video(publication, 1, key: true)
    try h.video(publication, 3)
    _ = try h.sent()
    _ = try h.subscribe(.video, to: publication, destination: 2, ssrc: 9500)
    let sent = try h.sent()
    #expect(sent.map { $0.sequence &- sent[0].sequence } == [0, 2])
    try h.videoAgain(publication, 2, rtx: 70)
    let late = try h.sent().filter { $0.destination == 2 }
    #expect(late.map { $0.sequence &- sent[0].sequence } == [1])
  }

  @Test("A keyframe of long ago is not shown again: another is asked for")
  func oldKeyframe() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: publication, destination: 1, ssrc: 9000)
    for sequence in UInt16(1)...30 {
      try h.video(publication, sequence, key: sequence == 1)
      h.advance(33)
    }
    _ = try h.sent()
    _ = try h.subscribe(.video, to: publication, destination: 2, ssrc: 9500)
    #expect(try h.sent().isEmpty)
    #expect(h.feedback(publication).keyframe)
  }

  @Test("For a viewer that still connects a keyframe is asked for, and kept until it can be sent")
  func announced() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    try h.video(publication, 1, key: true)
    h.advance(2000)
    try h.video(publication, 3)
    let viewer = try h.subscribe(.video, to: nil)
    try h.router.announce(viewer, to: publication, now: h.now)
    #expect(h.feedback(publication).keyframe)
    h.advance(30)
    try h.video(publication, 4)
    try h.video(publication, 5, key: true)
    try h.video(publication, 6)
    #expect(try h.sent().isEmpty)
    h.advance(60)
    h.router.begin(viewer, now: h.now, into: &h.out)
    #expect(try h.sent().map { $0.payload.last } == [5, 6])
    h.router.begin(viewer, now: h.now, into: &h.out)
    #expect(try h.sent().isEmpty)
    h.advance(1000)
    #expect(!h.feedback(publication).keyframe)
    h.router.removeSubscription(viewer)
    #expect(h.arena.freeCount == h.arena.slotCount)
  }

  @Test("A viewer that took too long to connect begins with a new keyframe")
  func announcedLongAgo() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, ssrc: 200)
    try h.video(publication, 1, key: true)
    h.advance(2000)
    let viewer = try h.subscribe(.video, to: nil)
    try h.router.announce(viewer, to: publication, now: h.now)
    #expect(h.feedback(publication).keyframe)
    try h.video(publication, 2, key: true)
    h.advance(3000)
    try h.video(publication, 3)
    // Nobody waits who could see it.
    #expect(!h.feedback(publication).keyframe)
    h.router.begin(viewer, now: h.now, into: &h.out)
    #expect(h.feedback(publication).keyframe)
    try h.video(publication, 4, key: true)
    #expect(try h.sent().map { $0.payload.last } == [4])
  }

  @Test("Nothing from before a mute is shown or said to who comes after")
  func muted() throws {
    let h = RouterHarness()
    let voice = try h.publish(.audio, ssrc: 100)
    let picture = try h.publish(.video, ssrc: 200)
    _ = try h.subscribe(.video, to: picture, destination: 1, ssrc: 9000)
    try h.audio(voice, 1)
    try h.video(picture, 1, key: true)
    _ = try h.sent()
    for publication in [voice, picture] {
      h.router.setMuted(publication, true, now: h.now)
      h.router.setMuted(publication, false, now: h.now)
    }
    _ = try h.subscribe(.audio, to: voice, destination: 2, ssrc: 9200)
    _ = try h.subscribe(.video, to: picture, destination: 2, ssrc: 9500)
    #expect(try h.sent().isEmpty)
  }

  @Test("H.264 begins with the parameter sets, not with the slice after them")
  func parameterSets() throws {
    let h = RouterHarness()
    let publication = try h.publish(.video, payloads: [RouterHarness.h264], ssrc: 200)
    _ = try h.subscribe(
      .video, to: publication, payloads: [RouterHarness.h264], destination: 1, ssrc: 9000)
    for (sequence, payload) in [(UInt16(1), [UInt8(0x67), 1]), (2, [0x68, 2]), (3, [0x65, 3])] {
      try h.receive(
        publication, ssrc: 200, payloadType: 102, sequence: sequence, timestamp: 3000,
        payload: payload)
    }
    _ = try h.sent()
    _ = try h.subscribe(
      .video, to: publication, payloads: [RouterHarness.h264], destination: 2, ssrc: 9500)
    #expect(try h.sent().map { $0.payload.last } == [1, 2, 3])
  }
}

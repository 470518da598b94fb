import Testing
import Wire

@testable import Forwarding

/// Three encodings of one camera and one viewer.
struct EncodingSwitchTests {
  final class Stage {
    let harness = RouterHarness(slots: 8192)
    var random: SeededRandom
    var encoders: [LayeredEncoder] = []
    var encodings: [PublicationHandle] = []
    let subscription: SubscriptionHandle
    var viewer = LayeredViewer()
    var tick: UInt32 = 0
    var stopped: Set<Int> = []

    init(seed: UInt64) throws {
      random = SeededRandom(seed: seed)
      for i in 0..<3 {
        encoders.append(
          LayeredEncoder(
            stream: UInt8(i), ssrc: UInt32(200 + i), packetsPerFrame: i + 1, random: &random))
        encodings.append(try harness.publish(.video, ssrc: UInt32(200 + i)))
      }
      subscription = try harness.subscribe(.video, to: encodings[2])
    }

    func takeOver(_ i: Int) {
      harness.router.takeOver(subscription, to: encodings[i], now: harness.now)
    }

    /// Of each encoding a frame; keyframes where they are asked for. `lost` says what never comes.
    func frame(losing lost: (Int) -> Bool = { _ in false }) throws {
      tick += 1
      harness.advance(33)
      for i in encoders.indices where !stopped.contains(i) {
        if harness.feedback(encodings[i]).keyframe { encoders[i].wantsKeyframe = true }
        for packet in encoders[i].frame(at: tick) where !lost(i) {
          _ = try harness.receive(
            encodings[i], ssrc: encoders[i].ssrc, payloadType: 96, sequence: packet.sequence,
            timestamp: packet.timestamp, payload: packet.payload, marker: packet.marker)
        }
      }
      for packet in try harness.sent() { viewer.take(packet) }
    }

    func reports() {
      for (i, encoder) in encoders.enumerated() {
        harness.router.noteSenderReport(
          SenderReport(
            sender: SSRC(encoder.ssrc),
            ntp: NTPTimestamp(harness.now, wallOffset: .seconds(1_800_000_000)),
            rtpTimestamp: encoder.clock &+ tick &* LayeredEncoder.ticks, packetCount: 0,
            octetCount: 0), of: encodings[i], now: harness.now)
      }
    }

    /// Streams in the order in which they came.
    var streams: [UInt8] {
      var streams: [UInt8] = []
      for frame in viewer.frames where streams.last != frame.picture.stream {
        streams.append(frame.picture.stream)
      }
      return streams
    }

    func needsAreMet() -> Bool {
      var came: Set<LayeredEncoder.Picture> = []
      for frame in viewer.frames {
        let encoder = encoders[Int(frame.picture.stream)]
        guard (encoder.needs[frame.picture] ?? []).allSatisfy(came.contains) else { return false }
        came.insert(frame.picture)
      }
      return true
    }
  }

  @Test("What runs goes on until the keyframe of what is wanted, which is asked for")
  func atTheKeyframe() throws {
    let stage = try Stage(seed: 1)
    for _ in 0..<10 { try stage.frame() }
    stage.takeOver(1)
    #expect(stage.harness.feedback(stage.encodings[1]).keyframe)
    let before = stage.viewer.frames.count
    // The encoder takes its time.
    for _ in 0..<4 { try stage.frame(losing: { _ in false }) }
    #expect(stage.viewer.frames.count == before + 4)
    stage.encoders[1].wantsKeyframe = true
    for _ in 0..<5 { try stage.frame() }
    #expect(stage.streams == [2, 1])
    #expect(try some(stage.viewer.frames.first { $0.picture.stream == 1 }).isKey)
    #expect(stage.viewer.isContinuous)
    #expect(stage.harness.router.pending(of: stage.subscription) == nil)
  }

  @Test("Pictures follow each other at the pace of the camera, by the sender reports")
  func clock() throws {
    let stage = try Stage(seed: 2)
    for _ in 0..<10 { try stage.frame() }
    stage.reports()
    for target in [0, 1, 2, 0] {
      stage.takeOver(target)
      for _ in 0..<20 { try stage.frame() }
    }
    #expect(stage.streams == [2, 0, 1, 2, 0])
    for (a, b) in zip(stage.viewer.frames, stage.viewer.frames.dropFirst()) {
      let step = Int32(bitPattern: b.timestamp &- a.timestamp)
      // A picture that was sent small is not sent again large: a little later, or with the next.
      #expect(step > 0 && step <= 3 * 3000)
    }
    let first = try #require(stage.viewer.frames.first)
    let last = try #require(stage.viewer.frames.last)
    let drift = Int32(bitPattern: last.timestamp &- first.timestamp) - Int32(stage.tick - 1) * 3000
    #expect(abs(drift) <= 400)
  }

  @Test("A wish that is taken back before the keyframe leaves no trace")
  func takenBack() throws {
    let stage = try Stage(seed: 3)
    for _ in 0..<5 { try stage.frame() }
    stage.takeOver(0)
    stage.takeOver(2)
    stage.encoders[0].wantsKeyframe = true
    for _ in 0..<5 { try stage.frame() }
    #expect(stage.streams == [2])
    #expect(stage.harness.router.numbers(of: stage.encodings[0])?.subscribers == 0)
  }

  @Test("An encoding that is waited for may end; what runs goes on; where nothing runs, nothing")
  func removed() throws {
    let stage = try Stage(seed: 4)
    for _ in 0..<5 { try stage.frame() }
    stage.takeOver(1)
    stage.harness.router.removePublication(stage.encodings[1])
    stage.stopped = [1]
    for _ in 0..<5 { try stage.frame() }
    #expect(stage.streams == [2])
    #expect(stage.viewer.isContinuous)
    stage.takeOver(0)
    stage.harness.router.removePublication(stage.encodings[2])
    stage.stopped = [1, 2]
    let count = stage.viewer.frames.count
    for _ in 0..<5 { try stage.frame() }
    #expect(stage.viewer.frames.count == count)
    #expect(stage.harness.router.removeSubscription(stage.subscription) != nil)
  }

  @Test("What was sent of the encoding before may be asked for again after the change")
  func resending() throws {
    let stage = try Stage(seed: 5)
    let other = try stage.harness.subscribe(
      .video, to: stage.encodings[2], destination: 1, ssrc: 9100, rtx: 9101)
    for _ in 0..<5 { try stage.frame() }
    let last = try #require(stage.viewer.frames.last { $0.picture.stream == 2 })
    stage.takeOver(0)
    for _ in 0..<2 { try stage.frame() }
    let router = stage.harness.router
    #expect(router.publication(carriedBy: stage.subscription) == stage.encodings[0])
    #expect(router.publication(carriedBy: other) == stage.encodings[2])
    let number = UInt16(truncatingIfNeeded: last.sequence)
    #expect(stage.harness.resend(number, stage.subscription) == .sent)
    // Bound to something else it has no right to it any more.
    try router.bind(
      stage.subscription, to: nil, now: stage.harness.now, into: &stage.harness.out)
    _ = try stage.harness.sent()
    stage.harness.advance(200)
    #expect(stage.harness.resend(number, stage.subscription) == .refused)
  }

  @Test(
    "Whatever is wished and lost: each stream begins with a keyframe, no number comes twice",
    arguments: 0..<80)
  func anyWishes(_ seed: UInt64) throws {
    let stage = try Stage(seed: seed &+ 100)
    let loses = seed % 2 == 1
    for tick in 0..<400 {
      if tick % 31 == 0 { stage.reports() }
      if Int.random(in: 0..<12, using: &stage.random) == 0 {
        stage.takeOver(Int.random(in: 0...2, using: &stage.random))
      }
      if Int.random(in: 0..<9, using: &stage.random) == 0 {
        stage.harness.router.setTemporalLayers(
          upTo: UInt8.random(in: 0...3, using: &stage.random), of: stage.subscription)
      }
      if Int.random(in: 0..<50, using: &stage.random) == 0 {
        let i = Int.random(in: 0...2, using: &stage.random)
        if stage.stopped.remove(i) == nil {
          stage.stopped.insert(i)
        } else {
          stage.encoders[i].wantsKeyframe = true
        }
      }
      let gone = loses ? Int.random(in: 0..<40, using: &stage.random) : 40
      try stage.frame(losing: { $0 == gone })
    }
    #expect(stage.viewer.duplicates == 0)
    for (a, b) in zip(stage.viewer.frames, stage.viewer.frames.dropFirst()) {
      #expect(Int32(bitPattern: b.timestamp &- a.timestamp) > 0)
      guard a.picture.stream == b.picture.stream else {
        #expect(b.isKey)
        #expect(b.pictureID == (a.pictureID + 1) & 0x7FFF)
        continue
      }
      if !loses { #expect(b.pictureID == (a.pictureID + 1) & 0x7FFF) }
    }
    if !loses {
      #expect(stage.viewer.isContinuous)
      #expect(stage.needsAreMet())
    }
  }
}

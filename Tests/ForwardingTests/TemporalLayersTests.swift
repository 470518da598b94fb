import Testing
import Wire

@testable import Forwarding

struct TemporalLayersTests {
  /// A publication, one viewer, and an encoder with three temporal layers.
  final class Stage {
    let harness = RouterHarness(slots: 4096)
    var random: SeededRandom
    var encoder: LayeredEncoder
    var viewer = LayeredViewer()
    let publication: PublicationHandle
    let subscription: SubscriptionHandle
    var tick: UInt32 = 0

    init(seed: UInt64, packetsPerFrame: Int = 2) throws {
      random = SeededRandom(seed: seed)
      encoder = LayeredEncoder(
        stream: 1, ssrc: 200, packetsPerFrame: packetsPerFrame, random: &random)
      publication = try harness.publish(.video, ssrc: 200)
      subscription = try harness.subscribe(.video, to: publication)
    }

    func next() -> [LayeredEncoder.Packet] {
      defer { tick += 1 }
      harness.advance(33)
      return encoder.frame(at: tick)
    }

    func deliver(_ packet: LayeredEncoder.Packet) throws {
      _ = try harness.receive(
        publication, ssrc: 200, payloadType: 96, sequence: packet.sequence,
        timestamp: packet.timestamp, payload: packet.payload, marker: packet.marker)
      for packet in try harness.sent() { viewer.take(packet) }
    }

    func limit(_ layer: UInt8) {
      harness.router.setTemporalLayers(upTo: layer, of: subscription)
    }

    /// Which of the layers came of the frames since the last call.
    private var seen = 0
    func layersSince() -> Set<UInt8> {
      defer { seen = viewer.frames.count }
      return Set(viewer.frames[seen...].map(\.layer))
    }
  }

  @Test("Fewer frames begin with the next frame and leave no hole in any number")
  func thinning() throws {
    let stage = try Stage(seed: 1)
    for _ in 0..<8 { for packet in stage.next() { try stage.deliver(packet) } }
    #expect(stage.layersSince() == [0, 1, 2])
    stage.limit(1)
    for _ in 0..<16 { for packet in stage.next() { try stage.deliver(packet) } }
    #expect(stage.layersSince() == [0, 1])
    stage.limit(0)
    for _ in 0..<16 { for packet in stage.next() { try stage.deliver(packet) } }
    #expect(stage.layersSince() == [0])
    #expect(stage.viewer.frames.count == 8 + 8 + 4)
    #expect(stage.viewer.isContinuous)
    #expect(stage.viewer.duplicates == 0)
    for (one, other) in zip(stage.viewer.frames, stage.viewer.frames.dropFirst()) {
      #expect(other.pictureID == (one.pictureID + 1) & 0x7FFF)
      #expect(other.tl0 &- one.tl0 == (other.layer == 0 ? 1 : 0))
    }
  }

  @Test("More frames come back without a keyframe, within two cycles of the encoder")
  func thickening() throws {
    let stage = try Stage(seed: 2)
    for packet in stage.next() { try stage.deliver(packet) }
    stage.limit(0)
    for _ in 0..<10 { for packet in stage.next() { try stage.deliver(packet) } }
    stage.limit(3)
    for _ in 0..<16 { for packet in stage.next() { try stage.deliver(packet) } }
    _ = stage.layersSince()
    for _ in 0..<8 { for packet in stage.next() { try stage.deliver(packet) } }
    #expect(stage.layersSince() == [0, 1, 2])
    #expect(stage.viewer.frames.filter(\.isKey).count == 1)
  }

  @Test("A frame goes whole or not at all, whenever the wish changes")
  func wholeFrames() throws {
    let stage = try Stage(seed: 3, packetsPerFrame: 3)
    for wish: UInt8 in [3, 0, 1, 3, 2, 0, 3, 1, 0, 0, 3] {
      for _ in 0..<5 {
        for (i, packet) in stage.next().enumerated() {
          if i == 1 { stage.limit(wish) }
          try stage.deliver(packet)
        }
      }
    }
    #expect(stage.viewer.frames.allSatisfy { $0.packets == 3 })
    #expect(stage.viewer.isContinuous)
  }

  @Test(
    "Whatever is wished and lost, what a frame needs came before it, and no number comes twice",
    arguments: 0..<60)
  func anyWishes(_ seed: UInt64) throws {
    let stage = try Stage(seed: seed, packetsPerFrame: 1 + Int(seed % 3))
    let loses = seed % 2 == 1
    var late: [(at: Int, packet: LayeredEncoder.Packet)] = []
    for frame in 0..<300 {
      if Int.random(in: 0..<7, using: &stage.random) == 0 {
        stage.limit(UInt8.random(in: 0...3, using: &stage.random))
      }
      if Int.random(in: 0..<90, using: &stage.random) == 0 { stage.encoder.wantsKeyframe = true }
      for packet in stage.next() {
        if loses, frame > 0, Int.random(in: 0..<25, using: &stage.random) == 0 {
          // Comes as a retransmission would, or never.
          if Bool.random(using: &stage.random) {
            late.append((frame + Int.random(in: 1...4, using: &stage.random), packet))
          }
        } else {
          try stage.deliver(packet)
        }
      }
      for entry in late where entry.at == frame { try stage.deliver(entry.packet) }
      late.removeAll { $0.at <= frame }
    }
    #expect(stage.viewer.duplicates == 0)
    let whole = stage.viewer.frames.filter { $0.packets == stage.encoder.packetsPerFrame }
    let came = Set(stage.viewer.frames.map(\.picture))
    if !loses {
      #expect(stage.viewer.isContinuous)
      #expect(whole.count == stage.viewer.frames.count)
      for (one, other) in zip(stage.viewer.frames, stage.viewer.frames.dropFirst()) {
        #expect(other.pictureID == (one.pictureID + 1) & 0x7FFF)
      }
    }
    // What is missing on its way to us is the far end's to find out; what we leave out never is.
    for frame in whole where !loses {
      for need in stage.encoder.needs[frame.picture] ?? [] { #expect(came.contains(need)) }
    }
    for (one, other) in zip(whole, whole.dropFirst()) where one.layer == 0 && other.layer == 0 {
      #expect(other.tl0 != one.tl0)
    }
  }

  @Test("A layer that is left out and comes late fills the hole that the viewer saw")
  func lateAndLeftOut() throws {
    let stage = try Stage(seed: 5, packetsPerFrame: 1)
    for packet in stage.next() { try stage.deliver(packet) }
    stage.limit(0)
    let missing = try #require(stage.next().first)
    for _ in 0..<4 { for packet in stage.next() { try stage.deliver(packet) } }
    try stage.deliver(missing)
    #expect(stage.viewer.empty == 1)
    #expect(stage.viewer.isContinuous)
    #expect(stage.viewer.duplicates == 0)
    #expect(Set(stage.viewer.frames.map(\.layer)) == [0])
  }

  @Test("Streams without temporal layers go whole at every limit")
  func withoutLayers() throws {
    let harness = RouterHarness()
    let publication = try harness.publish(.video, ssrc: 200)
    let subscription = try harness.subscribe(.video, to: publication)
    harness.router.setTemporalLayers(upTo: 0, of: subscription)
    var count = 0
    for i in 0..<10 {
      try harness.video(publication, UInt16(i), key: i == 0)
      count += try harness.sent().count
    }
    #expect(count == 10)
  }
}

import Glibc
import Synchronization
import Testing
import Transcoding
import Wire

@testable import MediaEngine
@testable import MediaHooks

@Suite struct RenditionLaneTests {
  private static let vp8 = [PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)]

  /// A camera of 1280 by 720 into a tap: a square that moves over a gradient.
  private final class Camera {
    let tap = PacketTap(capacity: 512)
    private let encoder: VP8Encoder
    private var packetizer = VP8Packetizer(maximumPayload: 1100, firstPictureID: 7)
    private var sequence: UInt16 = 65_530
    private(set) var timestamp: UInt32
    private var count = 0
    var ssrc = SSRC(42)

    init(timestamp: UInt32) throws {
      self.timestamp = timestamp
      encoder = try VP8Encoder(.init(width: 1280, height: 720, bitrate: 1_500_000))
    }

    static func picture(_ place: Int) -> I420Picture {
      var picture = I420Picture(width: 1280, height: 720, luma: 0, chroma: 128)
      for y in 0..<720 {
        for x in 0..<1280 {
          let isInside = (200..<400).contains(y) && ((place * 8)..<(place * 8 + 200)).contains(x)
          picture.pixels[y * 1280 + x] = isInside ? 220 : UInt8(40 + x / 16 + y / 12)
        }
      }
      return picture
    }

    func shoot(isKeyframe: Bool, now: MediaInstant) throws {
      count += 1
      timestamp &+= 3000
      let frame = try encoder.encode(
        Self.picture(count), timestamp: Int64(count) * 3000, isKeyframe: isKeyframe)
      guard let frame else { return }
      let payloads = packetizer.packetize(frame, isDiscardable: false)
      for (i, payload) in payloads.enumerated() {
        var octets = [UInt8](repeating: 0, count: 12)
        octets.withUnsafeMutableBytes { buffer in
          var writer = RTPHeaderWriter(
            into: buffer, payloadType: 96, marker: i == payloads.count - 1,
            sequenceNumber: sequence, timestamp: timestamp, ssrc: ssrc)
          _ = writer?.finish()
        }
        sequence &+= 1
        (octets + payload).withUnsafeBytes {
          if tap.stage($0, encoding: 0, now: now) { tap.commit() }
        }
      }
    }
  }

  /// What came out, decoded.
  private struct Viewer {
    let feed = PacketFeed(capacity: 128)
    private let decoder: VP8Decoder
    private var assembler = VP8FrameAssembler()
    private(set) var pictures: [(picture: I420Picture, timestamp: UInt32)] = []
    private(set) var sources: Set<SSRC> = []
    private(set) var sequences: [UInt16] = []
    private(set) var octets = 0
    private(set) var keyframes = 0

    init() throws { decoder = try VP8Decoder() }

    mutating func look(now: MediaInstant) throws {
      var buffer = [UInt8](repeating: 0, count: 2048)
      while let length = buffer.withUnsafeMutableBytes({ feed.take(into: $0) }) {
        octets += length
        try buffer.withUnsafeBytes { bytes in
          let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<length])
          let packet = try #require(RTPPacket(bytes))
          #expect(packet.payloadType == 96 && length <= 1200)
          sources.insert(packet.ssrc)
          sequences.append(packet.sequenceNumber)
          assembler.insert(
            sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp,
            marker: packet.marker, payload: bytes.slice(packet.payloadRange), now: now)
        }
        while let frame = assembler.next(now: now) {
          if frame.isKeyframe { keyframes += 1 }
          if let picture = frame.octets.withUnsafeBytes({ try? decoder.decode($0) }) {
            pictures.append((picture, frame.timestamp))
          }
        }
      }
    }
  }

  private func lane(
    _ camera: Camera, _ viewer: Viewer, _ asked: Asked
  ) throws -> (RenditionLane, HookHandle) {
    let handle = HookHandle(camera.tap)
    let lane = try RenditionLane(
      from: camera.tap, into: viewer.feed, bindings: Self.vp8, payloadType: 96, seed: 3, handle
    ) { asked.count.withLock { $0 += 1 } }
    return (lane, handle)
  }

  private final class Asked: Sendable { let count = Mutex(0) }

  private func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
  }

  @Test(
    "a camera of 720p comes out small, under its own clock, of the bitrate that was asked for, with 30 dB"
  )
  func small() throws {
    // Beyond the wrap of the clock.
    let camera = try Camera(timestamp: UInt32.max - 20_000)
    var viewer = try Viewer()
    let asked = Asked()
    viewer.feed.setBitrate(300_000)
    let (lane, handle) = try lane(camera, viewer, asked)
    var shot: [UInt32: Int] = [:]
    for i in 0..<60 {
      let now = at(Int64(i) * 33)
      try camera.shoot(isKeyframe: i == 0, now: now)
      shot[camera.timestamp] = i + 1
      #expect(lane.run(now: now))
      try viewer.look(now: now)
    }
    #expect(viewer.pictures.count > 45 && viewer.sources.count == 1)
    #expect(zip(viewer.sequences, viewer.sequences.dropFirst()).allSatisfy { $1 == $0 &+ 1 })
    // 300 kbit/s for two seconds, with half a second of grace for the keyframe.
    #expect(viewer.octets < 300_000 / 8 * 5 / 2)
    var ratios: [Double] = []
    for (picture, timestamp) in viewer.pictures {
      let place = try #require(shot[timestamp])
      let original = Camera.picture(place).scaled(width: picture.width, height: picture.height)
      ratios.append(Self.psnr(original, picture))
    }
    #expect(ratios.reduce(0, +) / Double(ratios.count) >= 30)
    #expect(Set(viewer.pictures.map(\.picture.width)).isSubset(of: [480, 640]))
    handle.end()
    #expect(!lane.run(now: at(3000)))
    #expect(asked.count.withLock { $0 } == 0)
  }

  @Test("a keyframe comes when it is asked for, and a publisher that begins anew is another stream")
  func anew() throws {
    let camera = try Camera(timestamp: 1000)
    var viewer = try Viewer()
    let (lane, _) = try lane(camera, viewer, Asked())
    func shoot(_ i: Int, _ isKeyframe: Bool) throws {
      try camera.shoot(isKeyframe: isKeyframe, now: at(Int64(i) * 33))
      _ = lane.run(now: at(Int64(i) * 33))
      try viewer.look(now: at(Int64(i) * 33))
    }
    func run(_ frames: Range<Int>) throws {
      for i in frames { try shoot(i, i == frames.lowerBound) }
    }
    try run(0..<8)
    #expect(viewer.keyframes == 1)
    viewer.feed.askKeyframe()
    for i in 8..<14 { try shoot(i, false) }
    #expect(viewer.keyframes == 2)
    camera.ssrc = SSRC(43)
    try run(14..<20)
    #expect(viewer.pictures.count >= 12)
    viewer.feed.setBitrate(90_000)
    try run(20..<30)
    #expect(viewer.pictures.last?.picture.width == 320)
  }

  @Test("pictures that have waited for too long are left out, and those after them come")
  func late() throws {
    let camera = try Camera(timestamp: 1000)
    var viewer = try Viewer()
    let (lane, _) = try lane(camera, viewer, Asked())
    for i in 0..<6 { try camera.shoot(isKeyframe: i == 0, now: at(Int64(i) * 33)) }
    // Others kept the thread for half a second.
    _ = lane.run(now: at(700))
    try viewer.look(now: at(700))
    #expect(viewer.pictures.isEmpty)
    for i in 0..<6 {
      let now = at(700 + Int64(i) * 33)
      try camera.shoot(isKeyframe: false, now: now)
      _ = lane.run(now: now)
      try viewer.look(now: now)
    }
    #expect(viewer.pictures.count >= 4 && viewer.keyframes == 1)
  }

  @Test(
    "a feed that nobody empties drops, and goes on with a keyframe; without one of the publisher it asks"
  )
  func full() throws {
    let camera = try Camera(timestamp: 1000)
    var viewer = try Viewer()
    let asked = Asked()
    let (lane, _) = try lane(camera, viewer, asked)
    // In the middle of a stream.
    try camera.shoot(isKeyframe: true, now: at(0))
    camera.tap.drain(limit: .max) { _, _ in }
    for i in 1..<3 {
      try camera.shoot(isKeyframe: false, now: at(Int64(i) * 33))
      _ = lane.run(now: at(Int64(i) * 33))
    }
    #expect(asked.count.withLock { $0 } >= 1)
    var frames = 3
    while viewer.feed.dropped == 0 {
      try camera.shoot(isKeyframe: frames == 3, now: at(Int64(frames) * 33))
      _ = lane.run(now: at(Int64(frames) * 33))
      frames += 1
      guard frames < 400 else { break }
    }
    #expect(viewer.feed.dropped > 0)
    try viewer.look(now: at(Int64(frames) * 33))
    let seen = viewer.pictures.count
    for _ in 0..<5 {
      try camera.shoot(isKeyframe: false, now: at(Int64(frames) * 33))
      _ = lane.run(now: at(Int64(frames) * 33))
      try viewer.look(now: at(Int64(frames) * 33 + 1000))
      frames += 1
    }
    #expect(viewer.pictures.count >= seen + 3)
  }

  private static func psnr(_ one: I420Picture, _ other: I420Picture) -> Double {
    var sum = 0.0
    for i in 0..<(one.width * one.height) {
      let difference = Double(one.pixels[i]) - Double(other.pixels[i])
      sum += difference * difference
    }
    let mean = sum / Double(one.width * one.height)
    return mean == 0 ? 99 : 10 * log10(255 * 255 / mean)
  }
}

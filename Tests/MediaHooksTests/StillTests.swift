import CPNG
import MediaHooks
import Synchronization
import Testing
import Transcoding
import Wire

@testable import MediaEngine

@Suite struct StillTests {
  private static let bindings = [PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)]

  /// A clock that a test moves: each look at it is a step.
  private final class Clock: Sendable {
    private let time = Atomic<Int64>(0)
    private let step: Int64
    init(step: MediaDuration) { self.step = step.nanoseconds }
    func now() -> MediaInstant {
      MediaInstant(nanoseconds: time.add(step, ordering: .relaxed).newValue)
    }
  }

  private static func send(_ frames: Range<Int>, into tap: PacketTap, width: Int, encoding: UInt8)
    throws
  {
    let encoder = try VP8Encoder(.init(width: width, height: 96, bitrate: 400_000))
    var packetizer = VP8Packetizer(maximumPayload: 1000, firstPictureID: 0)
    var sequenceNumber: UInt16 = 1
    for i in frames {
      var picture = I420Picture(width: width, height: 96, luma: 0, chroma: 128)
      for at in 0..<picture.cbStart { picture.pixels[at] = UInt8(60 + (at % width + i) % 128) }
      guard
        let frame = try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: false)
      else { continue }
      let payloads = packetizer.packetize(frame, isDiscardable: false)
      for (k, payload) in payloads.enumerated() {
        var octets = [UInt8](repeating: 0, count: 12)
        octets.withUnsafeMutableBytes { buffer in
          var writer = RTPHeaderWriter(
            into: buffer, payloadType: 96, marker: k == payloads.count - 1,
            sequenceNumber: sequenceNumber, timestamp: UInt32(i) * 3000,
            ssrc: SSRC(UInt32(encoding) + 1))
          _ = writer?.finish()
        }
        sequenceNumber &+= 1
        (octets + payload).withUnsafeBytes {
          let now = MediaInstant(nanoseconds: Int64(i) * 33_000_000)
          if tap.stage($0, encoding: encoding, now: now) { tap.commit() }
        }
      }
    }
  }

  @Test("a still image is a PNG of the size that is sent, of the largest encoding")
  func still() async throws {
    let pool = HookPool(threads: 1, now: Clock(step: .milliseconds(5)).now)
    let tap = PacketTap(capacity: 1024)
    try Self.send(0..<10, into: tap, width: 80, encoding: 0)
    try Self.send(0..<40, into: tap, width: 160, encoding: 1)
    let still = try await pool.still(from: tap, bindings: Self.bindings) {}
    #expect(still.width == 160 && still.height == 96)
    var (width, height): (UInt32, UInt32) = (0, 0)
    var rgb = [UInt8](repeating: 0, count: 160 * 96 * 3)
    #expect(png_read_rgb(still.octets, still.octets.count, &width, &height, &rgb, rgb.count) == 1)
    // Its stripes are upright.
    var error = 0
    for column in 20..<90 {
      let expected = Int(rgb[(40 * 160 + column) * 3])
      error += abs(Int(rgb[(48 * 160 + column) * 3]) - expected)
    }
    #expect(error < 70 * 20)
    pool.stop()
  }

  @Test("where nothing comes there is no picture, after asking for a keyframe more than once")
  func nothing() async throws {
    let pool = HookPool(threads: 2, now: Clock(step: .milliseconds(200)).now)
    let questions = Atomic<Int>(0)
    await #expect(throws: HookFailure.noPicture) {
      try await pool.still(from: PacketTap(capacity: 8), bindings: Self.bindings) {
        questions.add(1, ordering: .relaxed)
      }
    }
    #expect(questions.load(ordering: .relaxed) >= 5)
    let opus = [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)]
    await #expect(throws: HookFailure.codec) {
      try await pool.still(from: PacketTap(capacity: 8), bindings: opus) {}
    }
    // The lane goes after it has answered.
    while pool.load > 0 { await Task.yield() }
    pool.stop()
  }

  @Test("who is cancelled, or whose pool stops, gets no picture and does not wait for one")
  func cancelled() async throws {
    let pool = HookPool(threads: 1, now: Clock(step: .milliseconds(1)).now)
    let first = Task {
      try await pool.still(from: PacketTap(capacity: 8), bindings: Self.bindings) {}
    }
    first.cancel()
    await #expect(throws: HookFailure.cancelled) { try await first.value }
    let asked = Atomic<Bool>(false)
    let second = Task {
      try await pool.still(from: PacketTap(capacity: 8), bindings: Self.bindings) {
        asked.store(true, ordering: .relaxed)
      }
    }
    while !asked.load(ordering: .relaxed) { await Task.yield() }
    pool.stop()
    await #expect(throws: HookFailure.cancelled) { try await second.value }
  }
}

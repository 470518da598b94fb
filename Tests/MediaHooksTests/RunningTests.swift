import HookExample
import MediaHooks
import Synchronization
import Testing
import Transcoding
import Wire

@testable import MediaEngine

@Suite struct RunningTests {
  private static let opus = [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)]

  /// 20 ms more with each look at it, and a packet of a tone then.
  private final class Speaker: Sendable {
    let tap = PacketTap(capacity: 64)
    private let count = Mutex(0)
    private let packet: [UInt8]

    init() throws {
      let encoder = try OpusEncoder(channels: 1, use: .sound, bitrate: 32_000)
      var packet: [UInt8] = []
      for _ in 0..<5 {
        packet = try encoder.encode((0..<960).map { ($0 / 24) % 2 == 0 ? 0.2 : -0.2 })
      }
      self.packet = packet
    }

    func now() -> MediaInstant {
      count.withLock { count in
        count += 1
        let now = MediaInstant(nanoseconds: Int64(count) * 20_000_000)
        var octets = [UInt8](repeating: 0, count: 12)
        octets.withUnsafeMutableBytes { buffer in
          var writer = RTPHeaderWriter(
            into: buffer, payloadType: 111, marker: false,
            sequenceNumber: UInt16(truncatingIfNeeded: count), timestamp: UInt32(count * 960),
            ssrc: SSRC(1))
          _ = writer?.finish()
        }
        (octets + packet).withUnsafeBytes {
          if tap.stage($0, encoding: 0, now: now) { tap.commit() }
        }
        return now
      }
    }
  }

  @Test("a hook hears what comes until it is ended, and its lane goes")
  func hears() async throws {
    let speaker = try Speaker()
    let pool = HookPool(threads: 1, now: speaker.now)
    let hook = SpeakingTime()
    let sum = hook.sum
    let handle = try pool.run(hook, channels: 1, on: speaker.tap, bindings: Self.opus)
    while sum.seconds < 1.5 { await Task.yield() }
    handle.end()
    while pool.load > 0 { await Task.yield() }
    let heard = sum.seconds
    for _ in 0..<50 { _ = speaker.now() }
    #expect(sum.seconds == heard && handle.dropped == 0)
    #expect(throws: HookFailure.codec) {
      try pool.run(SpeakingTime(), channels: 1, on: speaker.tap, bindings: [])
    }
    pool.stop()
  }

  @Test("what a recording did not get is counted, also of tracks that it has no more")
  func drops() throws {
    let pool = HookPool(threads: 1) { MediaInstant(nanoseconds: 0) }
    let handle = try pool.record(began: MediaInstant(nanoseconds: 0)) { _, _ in
    } finished: {
    }
    var expected: UInt64 = 0
    for isSound in [true, false, true] {
      let tap = PacketTap(capacity: 4)
      for _ in 0..<20 {
        [UInt8](repeating: 0, count: 20).withUnsafeBytes {
          if tap.stage($0, encoding: 0, now: MediaInstant(nanoseconds: 0)) { tap.commit() }
        }
      }
      #expect(tap.dropped > 10)
      if isSound {
        handle.setSound(tap, bindings: Self.opus)
      } else {
        handle.setPictures(tap, bindings: []) {}
      }
      expected += tap.dropped
      #expect(handle.dropped == expected)
    }
    handle.end()
    pool.stop()
  }

  @Test("a recording takes what comes until it is ended, hands on the rest, and then nothing")
  func records() async throws {
    let speaker = try Speaker()
    let pool = HookPool(threads: 1, now: speaker.now)
    let taken = Mutex((pieces: 0, octets: 0, isFinished: false))
    let handle = try pool.record(began: MediaInstant(nanoseconds: 0)) { header, contents in
      taken.withLock {
        #expect(!$0.isFinished && header.starts(with: [0x1A, 0x45, 0xDF, 0xA3]))
        $0.pieces += 1
        $0.octets += contents.count
      }
    } finished: {
      taken.withLock { $0.isFinished = true }
    }
    handle.setSound(speaker.tap, bindings: Self.opus)
    while taken.withLock({ $0.pieces }) < 3 { await Task.yield() }
    handle.setSound(nil, bindings: [])
    handle.end()
    while pool.load > 0 { await Task.yield() }
    let before = taken.withLock { $0 }
    // 50 packets a second of more than 20 octets.
    #expect(before.isFinished && before.octets > 1_000)
    for _ in 0..<50 { _ = speaker.now() }
    #expect(taken.withLock { $0.pieces } == before.pieces)
    pool.stop()
  }
}

import Glibc
import MediaHooks
import Quality
import Synchronization
import Testing
import Transcoding
import Wire

@testable import MediaEngine

@Suite("How loud a microphone is, out of its packets")
struct LoudnessTests {
  private static let opus = [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)]

  /// A tone as a microphone gives it that cuts off at full scale, encoded; a packet with each look.
  private final class Microphone: Sendable {
    let tap = PacketTap(capacity: 64)
    private let count = Mutex(0)
    private let packets: [[UInt8]]

    /// - Parameter amplitude: before it is cut off; 1 is full scale.
    init(amplitude: Double) throws {
      let encoder = try OpusEncoder(channels: 1, use: .speech, bitrate: 32_000)
      packets = try (0..<200).map { packet in
        try encoder.encode(
          (0..<960).map { sample in
            let phase = Double(packet * 960 + sample) * 2 * Double.pi * 200 / 48_000
            return Float(min(max(amplitude * sin(phase), -1), 1))
          })
      }
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
        (octets + packets[count % packets.count]).withUnsafeBytes {
          if tap.stage($0, encoding: 0, now: now) { tap.commit() }
        }
        return now
      }
    }
  }

  /// What is heard after so many frames, and the incidents that the monitor finds in ten seconds of it.
  private func listen(
    _ amplitude: Double, levels: LevelSample?
  ) async throws -> (heard: HeardSample, causes: [IncidentCause]) {
    let microphone = try Microphone(amplitude: amplitude)
    let pool = HookPool(threads: 1, now: microphone.now)
    let handle = try pool.measure(microphone.tap, bindings: Self.opus)
    while (handle.figures?.frames ?? 0) < 100 { try await Task.sleep(for: .milliseconds(2)) }
    handle.hook.end()
    while pool.load > 0 { try await Task.sleep(for: .milliseconds(2)) }
    let figures = try #require(handle.figures)
    pool.stop()
    let heard = HeardSample(
      frames: figures.frames, loudness: figures.momentary, truePeak: figures.truePeak,
      clipped: figures.clipped)
    var detector = IncidentDetector()
    for second in 1...10 {
      var sample = ParticipantSample(
        at: MediaInstant(nanoseconds: Int64(second) * 1_000_000_000), span: .seconds(1),
        isConnected: true)
      var source = SourceSample(source: .microphone, packets: 50, octets: 4000)
      source.heard = heard
      source.levels = levels
      sample.sources = [source]
      _ = detector.update(sample)
    }
    return (heard, detector.running.map(\.cause))
  }

  @Test(
    "a microphone that is cut off is saturated, with or without levels of its packets, and a clean one is not",
    arguments: [
      nil, LevelSample(packets: 50, mean: -20, silent: 0, saturated: 0),
      LevelSample(packets: 50, mean: -1, silent: 0, saturated: 50),
    ])
  func saturation(levels: LevelSample?) async throws {
    let cut = try await listen(4, levels: levels)
    #expect(cut.heard.clipped > 0.5 && cut.heard.truePeak > 0)
    #expect(cut.causes == [.saturation])
    let clean = try await listen(0.1, levels: levels)
    #expect(clean.heard.clipped == 0 && abs(clean.heard.truePeak - -20) < 1.5)
    #expect(clean.causes.isEmpty)
    // A sine of 200 Hz: -3 dB, what the head adds is little there.
    let (loud, quiet) = (try #require(cut.heard.loudness), try #require(clean.heard.loudness))
    #expect(abs(quiet - -23.7) < 1.5 && loud > quiet + 18)
  }

  @Test("sound that is of no codec that is decoded is refused")
  func refused() {
    let pool = HookPool(threads: 1) { MediaInstant(nanoseconds: 0) }
    #expect(throws: HookFailure.codec) {
      try pool.measure(PacketTap(capacity: 8), bindings: [])
    }
    pool.stop()
  }
}

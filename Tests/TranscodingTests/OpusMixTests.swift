import Glibc
import Testing
import Transcoding
import Wire

@Suite struct OpusMixTests {
  private static let tones: [Double] = [1000, 1700, 500]

  private static func tone(_ hertz: Double, phase: Double, count: Int) -> [Float] {
    (0..<count).map { 0.2 * Float(sin(2 * Double.pi * hertz * Double($0) / 48_000 + phase)) }
  }

  private static func packet(_ number: Int, ssrc: UInt32, payload: [UInt8]) throws -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 12)
    let length = try header.withUnsafeMutableBytes { buffer -> Int in
      var writer = try #require(
        RTPHeaderWriter(
          into: buffer, payloadType: 111, marker: false, sequenceNumber: UInt16(number),
          timestamp: UInt32(number * 960), ssrc: SSRC(ssrc)))
      let end = writer.finish()
      return try #require(end)
    }
    return Array(header[..<length]) + payload
  }

  @Test(
    "each of three sources that sound together is heard within 1 dB of its level at 64 kbit/s",
    arguments: 1...12 as ClosedRange<UInt64>)
  func levels(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let mix = try OpusMix(bitrate: 64_000, target: nil)
    var packets: [[[UInt8]]] = []
    for (i, hertz) in Self.tones.enumerated() {
      let source = UInt32(i + 1)
      try mix.add(
        source, bindings: [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)])
      let phase = Double(random.next() % 1000) / 1000 * 2 * Double.pi
      let sound = Self.tone(hertz, phase: phase, count: 960 * 250)
      let encoder = try OpusEncoder(channels: 1, use: .sound, bitrate: 64_000)
      packets.append(
        try (0..<250).map { number in
          let payload = try encoder.encode(Array(sound[(number * 960)..<(number * 960 + 960)]))
          return try Self.packet(number, ssrc: source, payload: payload)
        })
    }
    let decoder = try OpusDecoder(channels: 1)
    var heard: [Float] = []
    for number in 0..<250 {
      let now = at(Int64(number) * 20)
      for i in packets.indices {
        packets[i][number].read { mix.receive($0, of: UInt32(i + 1), now: now) }
      }
      mix.run(now: now) { packet, _ in
        heard += (try? packet.read { try decoder.decode($0) }) ?? []
      }
    }
    #expect(heard.count > 48_000 * 4)
    // Tenths of a second, after the first second: each tone has whole periods there.
    for start in stride(from: 48_000, to: heard.count - 4800, by: 19_200) {
      for hertz in Self.tones {
        let level = Signals.amplitude(of: heard[start..<(start + 4800)], at: hertz)
        #expect(abs(20 * log10(level / 0.2)) < 1, "\(hertz) Hz at \(start): \(level)")
      }
    }
  }

  @Test("packets of 20 to 60 ms follow each other without a gap, also where their length changes")
  func lengths() throws {
    let mix = try OpusMix(bitrate: 32_000, target: nil)
    #expect(throws: CodecError.invalidSetting) { try mix.setRate(bitrate: 32_000, frames: 4) }
    #expect(throws: CodecError.invalidSetting) { try mix.setRate(bitrate: 0, frames: 1) }
    let decoder = try OpusDecoder(channels: 1)
    var ends: [Int64] = [0]
    var counts: [Int] = []
    for number in 0..<100 {
      if number == 10 { try mix.setRate(bitrate: 12_000, frames: 3) }
      if number == 51 { try mix.setRate(bitrate: 24_000, frames: 1) }
      mix.run(now: at(Int64(number) * 20)) { packet, timestamp in
        let count = (try? packet.read { try decoder.decode($0) })?.count ?? 0
        #expect(timestamp == ends.last)
        ends.append(timestamp + Int64(count))
        counts.append(count)
      }
    }
    let end = try #require(ends.last)
    #expect(end == 96_000)
    #expect(Set(counts[..<10]) == [960] && Set(counts[10..<23]) == [2880])
    #expect(counts[23] <= 2880 && Set(counts[24...]) == [960])
  }
}

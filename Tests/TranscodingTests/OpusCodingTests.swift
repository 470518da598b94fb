import Glibc
import Testing
import Transcoding
import Wire

@Suite struct OpusCodingTests {
  private static func packets(
    _ samples: [Float], bitrate: Int, use: OpusEncoder.Use = .speech, loss: Int = 0
  ) throws -> (packets: [[UInt8]], lookahead: Int) {
    let encoder = try OpusEncoder(channels: 1, use: use, bitrate: bitrate)
    try encoder.setFEC(expectedLoss: loss)
    var packets: [[UInt8]] = []
    var start = 0
    while start + 960 <= samples.count {
      packets.append(try encoder.encode(Array(samples[start..<(start + 960)])))
      start += 960
    }
    return (packets, encoder.lookahead)
  }

  private static func decoded(_ packets: [[UInt8]]) throws -> [Float] {
    let decoder = try OpusDecoder(channels: 1)
    return try packets.flatMap { packet in try packet.read { try decoder.decode($0) } }
  }

  @Test("a tone of 1 kHz keeps its frequency and its level")
  func tone() throws {
    let original = Signals.tone(1000, amplitude: 0.25, count: 48_000 * 2)
    let (packets, _) = try Self.packets(original, bitrate: 32_000, use: .sound)
    let samples = try Self.decoded(packets)
    #expect(samples.count == original.count)
    let steady = samples[48_000..<96_000]
    let wanted = Signals.amplitude(of: steady, at: 1000)
    #expect(abs(20 * log10(wanted / 0.25)) < 0.5)
    // All of the level is at that frequency.
    #expect(abs(20 * log10(Signals.level(steady) * 2.0.squareRoot() / wanted)) < 0.2)
    for other in [500.0, 900, 1100, 2000, 3000] {
      #expect(Signals.amplitude(of: steady, at: other) < wanted / 100)
    }
  }

  @Test("a voice comes back with a segmental SNR of 9 dB at 32 kbit/s and of 25 dB at 96")
  func segmentalSNR() throws {
    let original = Signals.voice(count: 48_000 * 6, seed: 1)
    var ratios: [Double] = []
    for bitrate in [32_000, 96_000] {
      let (packets, lookahead) = try Self.packets(original, bitrate: bitrate, use: .sound)
      let octets = packets.reduce(0) { $0 + $1.count }
      #expect(octets * 8 / 6 < bitrate * 5 / 4)
      ratios.append(
        Signals.segmentalSNR(original, try Self.decoded(packets), delay: lookahead))
    }
    #expect(ratios[0] > 9 && ratios[1] > 25, "\(ratios)")
  }

  @Test(
    "what is lost is better repaired by FEC than made up, and better made up than left silent",
    arguments: [5, 10])
  func repair(percent: Int) throws {
    let original = Signals.voice(count: 48_000 * 10, seed: 2)
    let (packets, lookahead) = try Self.packets(original, bitrate: 32_000, loss: percent)
    var random = SeededRandom(seed: UInt64(percent))
    // The first is never lost, and no two in a row: that is what FEC can repair.
    var lost = packets.map { _ in false }
    for i in 1..<(packets.count - 1) where !lost[i - 1] {
      lost[i] = random.next() % 100 < UInt64(percent)
    }
    enum Repair: CaseIterable { case none, silence, concealment, fec }
    var ratios: [Repair: Double] = [:]
    for repair in Repair.allCases {
      let decoder = try OpusDecoder(channels: 1)
      var samples: [Float] = []
      for (i, packet) in packets.enumerated() {
        guard lost[i], repair != .none else {
          samples += try packet.read { try decoder.decode($0) }
          continue
        }
        switch repair {
        case .none: break
        case .silence: samples += [Float](repeating: 0, count: 960)
        case .concealment: samples += try decoder.conceal(sampleCount: 960)
        case .fec:
          samples += try packets[i + 1].read { try decoder.recover(before: $0, sampleCount: 960) }
        }
      }
      #expect(samples.count == original.count)
      ratios[repair] = Signals.segmentalSNR(original, samples, delay: lookahead)
      if repair == .fec {
        #expect(decoder.counters.recovered == UInt64(lost.filter { $0 }.count))
      }
    }
    let (none, silence) = (try #require(ratios[.none]), try #require(ratios[.silence]))
    let (made, fec) = (try #require(ratios[.concealment]), try #require(ratios[.fec]))
    #expect(silence < made && made < fec, "\(ratios)")
    // What is made up gives back more than a quarter of what silence takes.
    #expect(made - silence > (none - silence) / 4, "\(ratios)")
    // FEC gives back more than half of what loss took.
    #expect(none - fec < (none - silence) / 2, "\(ratios)")
  }

  @Test("silence costs almost nothing with DTX, and more without")
  func dtx() throws {
    let silence = [Float](repeating: 0, count: 960)
    for isOn in [false, true] {
      let encoder = try OpusEncoder(channels: 1, use: .speech, bitrate: 24_000)
      try encoder.setDTX(isOn)
      let voice = Signals.voice(count: 48_000, seed: 3)
      for i in 0..<50 { _ = try encoder.encode(Array(voice[(i * 960)..<(i * 960 + 960)])) }
      var silent = 0
      for _ in 0..<100 {
        let packet = try encoder.encode(silence)
        if packet.read({ OpusPacket($0)?.isSilence }) == true { silent += 1 }
      }
      #expect(isOn ? silent > 70 : silent == 0)
    }
  }

  @Test("the bitrate follows from one packet to the next")
  func bitrate() throws {
    let encoder = try OpusEncoder(channels: 2, use: .sound, bitrate: 64_000)
    let noise = Signals.voice(count: 48_000 * 4, seed: 4).flatMap { [$0, -$0] }
    var octets = [0, 0]
    for i in 0..<200 {
      if i == 100 { try encoder.setBitrate(16_000) }
      octets[i / 100] += try encoder.encode(Array(noise[(i * 1920)..<(i * 1920 + 1920)])).count
    }
    #expect(octets[1] * 2 < octets[0])
    #expect(throws: CodecError.invalidSetting) { try encoder.setBitrate(1_000) }
    #expect(throws: CodecError.invalidSetting) { try encoder.setComplexity(11) }
    #expect(throws: CodecError.invalidSetting) { try encoder.encode([0]) }
  }

  @Test("octets that are no Opus are refused and counted, and the next packet is heard")
  func hostile() throws {
    let decoder = try OpusDecoder(channels: 1)
    let original = Signals.tone(440, amplitude: 0.3, count: 48_000)
    let (packets, _) = try Self.packets(original, bitrate: 32_000)
    var random = SeededRandom(seed: 5)
    var refused: UInt64 = 0
    for _ in 0..<20_000 {
      let octets = (0..<Int(random.next() % 80)).map { _ in UInt8(truncatingIfNeeded: random.next())
      }
      do {
        _ = try octets.read { try decoder.decode($0) }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 0 && decoder.counters.malformed == refused)
    var last: [Float] = []
    for packet in packets { last = try packet.read { try decoder.decode($0) } }
    #expect(abs(Signals.amplitude(of: last[...], at: 440) - 0.3) < 0.05)
  }

  @Test("of what waits to be mixed the newest stays")
  func trim() {
    var mixer = AudioMixer()
    mixer.add(0)
    mixer.add(1)
    let samples = (0..<4800).map { Float($0) / 10_000 }
    mixer.push(AudioFrame(samples: samples, channels: 1, timestamp: 0), of: 1)
    mixer.trim(1, to: 1920)
    #expect(mixer.queued(of: 1) == 1920 && mixer.counters.overflowed == 2880)
    #expect(mixer.mix()[0]?.first == samples[2880])
    mixer.trim(1, to: 1920)
    #expect(mixer.queued(of: 1) == 960)
  }

  @Test("each of three hears exactly the other two")
  func mix() throws {
    let tones: [UInt32: Double] = [1: 500, 2: 1000, 3: 1700]
    var encoders: [UInt32: OpusEncoder] = [:]
    var decoders: [UInt32: OpusDecoder] = [:]
    var ears: [UInt32: OpusDecoder] = [:]
    var mouths: [UInt32: OpusEncoder] = [:]
    var heard: [UInt32: [Float]] = [:]
    var mixer = AudioMixer()
    for id in tones.keys {
      encoders[id] = try OpusEncoder(channels: 1, use: .sound, bitrate: 48_000)
      decoders[id] = try OpusDecoder(channels: 1)
      mouths[id] = try OpusEncoder(channels: 1, use: .sound, bitrate: 48_000)
      ears[id] = try OpusDecoder(channels: 1)
      mixer.add(id)
    }
    let sounds = tones.mapValues { Signals.tone($0, amplitude: 0.2, count: 96_000) }
    for frame in 0..<100 {
      for (id, tone) in sounds {
        let packet = try #require(encoders[id])
          .encode(Array(tone[(frame * 960)..<(frame * 960 + 960)]))
        let samples = try packet.read { try #require(decoders[id]).decode($0) }
        mixer.push(
          AudioFrame(samples: samples, channels: 1, timestamp: Int64(frame) * 960), of: id)
      }
      for (id, samples) in mixer.mix() {
        let packet = try #require(mouths[id]).encode(samples)
        heard[id, default: []] += try packet.read { try #require(ears[id]).decode($0) }
      }
    }
    for id in tones.keys {
      let steady = try #require(heard[id])[48_000..<96_000]
      for (other, hertz) in tones {
        let amplitude = Signals.amplitude(of: steady, at: hertz)
        if other == id {
          #expect(amplitude < 0.002, "\(id) hears itself: \(amplitude)")
        } else {
          #expect(abs(20 * log10(amplitude / 0.2)) < 1, "\(id) of \(other): \(amplitude)")
        }
      }
    }
    #expect(mixer.counters.missing == 0 && mixer.counters.overflowed == 0)
  }
}

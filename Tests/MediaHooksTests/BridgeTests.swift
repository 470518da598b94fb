import Glibc
import MediaHooks
import Synchronization
import Testing
import Transcoding
import Transport
import Wire

@testable import MediaEngine

@Suite("A bridge to RTP")
struct BridgeTests {
  private static let opus = [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)]
  private static let amplitude = 0.2

  /// A tone that somebody speaks, as RTP.
  private final class Voice: Sendable {
    let tap = PacketTap(capacity: 256)
    private let packets: [[UInt8]]

    init(_ hertz: Double) throws {
      let encoder = try OpusEncoder(channels: 1, use: .sound, bitrate: 48_000)
      packets = try (0..<150).map { packet in
        try encoder.encode(
          (0..<960).map { sample in
            let phase = Double(packet * 960 + sample) * 2 * Double.pi * hertz / 48_000
            return Float(BridgeTests.amplitude * sin(phase))
          })
      }
    }

    /// The frames are a second long each time round, of which every tone has a whole number of periods.
    func packet(_ count: Int, payloadType: UInt8 = 111, ssrc: UInt32 = 1) -> [UInt8] {
      var octets = [UInt8](repeating: 0, count: 12)
      octets.withUnsafeMutableBytes { buffer in
        var writer = RTPHeaderWriter(
          into: buffer, payloadType: payloadType, marker: false,
          sequenceNumber: UInt16(truncatingIfNeeded: count), timestamp: UInt32(count * 960),
          ssrc: SSRC(ssrc))
        _ = writer?.finish()
      }
      return octets + packets[50 + count % 50]
    }

    func speak(_ count: Int, at now: MediaInstant) {
      packet(count).withUnsafeBytes {
        if tap.stage($0, encoding: 0, now: now) { tap.commit() }
      }
    }
  }

  /// A gateway: what it gets, and what it is about to send.
  private final class Gateway: BridgePort {
    struct State {
      var got: [[UInt8]] = []
      var waiting: [[UInt8]] = []
    }

    let state = Mutex(State())
    var strange: UInt64 { 3 }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
      state.withLock { state in
        guard !state.waiting.isEmpty else { return nil }
        let datagram = state.waiting.removeFirst()
        buffer.copyBytes(from: datagram)
        return datagram.count
      }
    }

    func send(_ datagram: UnsafeRawBufferPointer) -> Bool {
      state.withLock { $0.got.append(Array(datagram)) }
      return true
    }

    func give(_ datagrams: [[UInt8]]) { state.withLock { $0.waiting += datagrams } }
    var got: [[UInt8]] { state.withLock { $0.got } }
  }

  /// A packet of every voice with each look, every 20 ms; or looks that take no time.
  private final class Clock: Sendable {
    private let count = Mutex(0)
    let voices: [Voice]

    private let step: Int64

    init(_ voices: [Voice], step: MediaDuration = .milliseconds(20)) {
      (self.voices, self.step) = (voices, step.nanoseconds)
    }

    func now() -> MediaInstant {
      count.withLock { count in
        count += 1
        let now = MediaInstant(nanoseconds: Int64(count) * step)
        for voice in voices { voice.speak(count, at: now) }
        return now
      }
    }
  }

  /// Threads of the pool run where others leave a core idle: so this does not spin.
  private func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
  }

  private static func keys(_ profile: SRTPProfile?) -> SRTPKeyingMaterial? {
    guard let profile else { return nil }
    let length = profile.keyLength + profile.saltLength
    return SRTPKeyingMaterial(
      profile: profile, local: (0..<length).map { UInt8($0) },
      remote: (0..<length).map { UInt8(100 + $0) })
  }

  private func amplitude(_ samples: ArraySlice<Float>, _ hertz: Double) -> Double {
    var (real, imaginary) = (0.0, 0.0)
    for (i, sample) in samples.enumerated() {
      let angle = 2 * Double.pi * hertz * Double(i) / 48_000
      real += Double(sample) * cos(angle)
      imaginary += Double(sample) * sin(angle)
    }
    return 2 * (real * real + imaginary * imaginary).squareRoot() / Double(samples.count)
  }

  @Test(
    "hears exactly the others at their levels, as one stream, and is heard by none of itself",
    arguments: [nil, SRTPProfile.aesCM128HMACSHA1_80, .aeadAES128GCM])
  func mix(profile: SRTPProfile?) async throws {
    let (low, high, own) = (try Voice(500), try Voice(1700), try Voice(1000))
    let clock = Clock([low, high])
    let gateway = Gateway()
    let pool = HookPool(threads: 1, now: clock.now)
    let keys = Self.keys(profile)
    let theirs = try keys.map { try #require(SRTPSession($0.mirrored)) }
    let feed = PacketFeed(capacity: 64)
    let handle = try pool.bridge(
      BridgeSettings(payloadType: 111, keys: keys, sends: true), over: gateway, into: feed, seed: 5)
    handle.hear([low, high].map { .init(tap: $0.tap, bindings: Self.opus) })
    gateway.give(
      (0..<20).map { count in
        var packet = own.packet(count) + [UInt8](repeating: 0, count: 32)
        let length = packet.count - 32
        let sent = packet.withUnsafeMutableBytes { theirs?.protectRTP($0, length: length) }
        return Array(packet.prefix(sent ?? length))
      })
    try await until { handle.counters.sent >= 150 }
    handle.end()
    try await until { pool.load == 0 }
    pool.stop()

    let decoder = try OpusDecoder(channels: 1)
    var heard: [Float] = []
    var numbers: [(UInt16, UInt32, SSRC)] = []
    for datagram in gateway.got {
      var octets = datagram
      let length = octets.count
      let plain = try octets.withUnsafeMutableBytes { buffer in
        guard let theirs else { return length }
        guard case .packet(let plain) = theirs.unprotectRTP(buffer, length: length) else {
          throw CodecError.malformed(code: 0)
        }
        return plain
      }
      let packet = try #require(octets.withUnsafeBytes { RTPPacket(.init(rebasing: $0[..<plain])) })
      #expect(packet.payloadType == 111)
      numbers.append((packet.sequenceNumber, packet.timestamp, packet.ssrc))
      heard += try Array(octets[packet.payloadRange]).withUnsafeBytes { try decoder.decode($0) }
    }
    for (former, next) in zip(numbers, numbers.dropFirst()) {
      #expect(next.0 == former.0 &+ 1 && next.1 == former.1 &+ 960 && next.2 == former.2)
    }
    let steady = heard[(heard.count - 48_000)...]
    for hertz in [500.0, 1700] {
      #expect(abs(20 * log10(amplitude(steady, hertz) / Self.amplitude)) < 1)
    }
    #expect(amplitude(steady, 1000) < 0.002)

    // What it said went on, under a header of ours.
    #expect(handle.counters.received == 20 && handle.counters.refused == 0)
    #expect(handle.counters.strange == 3)
    var buffer = [UInt8](repeating: 0, count: 1504)
    for count in 0..<20 {
      let length = try #require(buffer.withUnsafeMutableBytes { feed.take(into: $0) })
      #expect(Array(buffer[12..<length]) == Array(own.packet(count)[12...]))
      let packet = try #require(
        buffer.withUnsafeBytes { RTPPacket(.init(rebasing: $0[..<length])) })
      #expect(packet.sequenceNumber == UInt16(count) && packet.ssrc != SSRC(1))
    }
  }

  @Test("of voices alone goes to the worker as one stream, in packets as long as its rate says")
  func voices() async throws {
    let clock = Clock([try Voice(500), try Voice(1700)])
    let pool = HookPool(threads: 1, now: clock.now)
    let feed = PacketFeed(capacity: 512)
    let handle = try pool.mixVoices(
      into: feed, payloadType: 97, at: BridgeRate(bitrate: 12_000, frames: 3), seed: 5)
    handle.hear(clock.voices.map { .init(tap: $0.tap, bindings: Self.opus) })
    try await until { handle.counters.sent >= 20 }
    handle.setRate(BridgeRate(bitrate: 24_000, frames: 1))
    try await until { handle.counters.sent >= 60 }
    handle.end()
    try await until { pool.load == 0 }
    pool.stop()

    var buffer = [UInt8](repeating: 0, count: 1504)
    var packets: [(number: UInt16, timestamp: UInt32, octets: Int)] = []
    while let length = buffer.withUnsafeMutableBytes({ feed.take(into: $0) }) {
      let packet = try #require(
        buffer.withUnsafeBytes { RTPPacket(.init(rebasing: $0[..<length])) })
      #expect(packet.payloadType == 97)
      packets.append((packet.sequenceNumber, packet.timestamp, packet.payloadRange.count))
    }
    #expect(packets.count == Int(handle.counters.sent) && feed.dropped == 0)
    let steps = zip(packets, packets.dropFirst()).map { former, next in
      #expect(next.number == former.number &+ 1)
      return next.timestamp &- former.timestamp
    }
    #expect(Set(steps[..<19]) == [2880] && Set(steps[25...]) == [960])
    // 12 kbit/s are 90 octets in 60 ms; 24 are 60 in 20 on the average.
    #expect(Set(packets[..<20].map(\.octets)) == [90])
    let octets = packets[30..<60].reduce(0) { $0 + $1.octets }
    #expect(30 * 40..<30 * 75 ~= octets, "\(packets.map(\.octets))")
  }

  @Test("refuses and counts what is no sound of its source, and what comes faster than sound")
  func hostile() async throws {
    let voice = try Voice(1000)
    let gateway = Gateway()
    let clock = Clock([], step: MediaDuration(nanoseconds: 1000))
    let pool = HookPool(threads: 1, now: clock.now)
    let feed = PacketFeed(capacity: 256)
    let handle = try pool.bridge(
      BridgeSettings(payloadType: 111, keys: nil, sends: false), over: gateway, into: feed, seed: 5)
    var random = SeededRandom(seed: 9)
    let junk: [[UInt8]] = (0..<40).map { length in
      (0..<(length * 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
    let control: [UInt8] = [0x81, 200, 0, 6] + [UInt8](repeating: 0, count: 24)
    gateway.give([voice.packet(1)])
    try await until { handle.counters.received == 1 }
    let others = [
      voice.packet(2, payloadType: 96), voice.packet(2, ssrc: 2), control,
      Array(voice.packet(3)[..<12]),
    ]
    gateway.give(junk + others)
    let expected = UInt64(junk.count + others.count)
    try await until { handle.counters.refused == expected }
    #expect(handle.counters.received == 1 && handle.counters.sent == 0)
    gateway.give((2..<402).map { voice.packet($0) })
    try await until { handle.counters.received + handle.counters.excess == 401 }
    #expect(handle.counters.excess > 250 && handle.counters.refused == expected)
    #expect(gateway.got.isEmpty)
    handle.end()
    try await until { pool.load == 0 }
    pool.stop()
  }

  @Test("of a genuine stream nothing forged or repeated goes on")
  func forged() async throws {
    let voice = try Voice(1000)
    let gateway = Gateway()
    let pool = HookPool(threads: 1, now: Clock([], step: MediaDuration(nanoseconds: 1000)).now)
    let keys = try #require(Self.keys(.aeadAES128GCM))
    let theirs = try #require(SRTPSession(keys.mirrored))
    let handle = try pool.bridge(
      BridgeSettings(payloadType: 111, keys: keys, sends: false), over: gateway,
      into: PacketFeed(capacity: 64), seed: 5)
    var packet = voice.packet(1) + [UInt8](repeating: 0, count: 32)
    let length = packet.count - 32
    let sent = try #require(
      packet.withUnsafeMutableBytes { theirs.protectRTP($0, length: length) })
    packet = Array(packet.prefix(sent))
    var broken = packet
    broken[20] ^= 1
    gateway.give([voice.packet(1), broken, packet, packet])
    try await until { handle.counters.received + handle.counters.refused == 4 }
    #expect(handle.counters.received == 1 && handle.counters.refused == 3)
    handle.end()
    try await until { pool.load == 0 }
    pool.stop()
  }
}

import Testing
import Transcoding
import Wire

@Suite struct AudioJitterBufferTests {
  /// Real packets of a voice with FEC, 20 ms each.
  private static func packets(_ count: Int) throws -> [[UInt8]] {
    let encoder = try OpusEncoder(channels: 1, use: .speech, bitrate: 32_000)
    try encoder.setFEC(expectedLoss: 10)
    let tone = Signals.tone(300, amplitude: 0.3, count: 960 * 10)
    return try (0..<count).map { i in
      try encoder.encode(Array(tone[(i % 10 * 960)..<(i % 10 * 960 + 960)]))
    }
  }

  private struct World {
    var buffer = AudioJitterBuffer()
    /// When packet i arrives, ms; `nil`: lost.
    var arrivals: [Int64?]
    var steps: [(ms: Int64, step: AudioJitterBuffer.Step)] = []

    /// A step of time is 5 ms.
    mutating func run(_ packets: [[UInt8]], firstTimestamp: UInt32 = .max - 5000) {
      var waiting = arrivals.enumerated().compactMap { i, time in time.map { (i, $0) } }
      waiting.sort { ($0.1, $0.0) < ($1.1, $1.0) }
      var next = 0
      for ms in stride(from: Int64(0), through: Int64(packets.count) * 20 + 700, by: 5) {
        while next < waiting.count, waiting[next].1 <= ms {
          let i = waiting[next].0
          packets[i].read {
            buffer.insert(
              sequenceNumber: UInt16(truncatingIfNeeded: 65_500 + i),
              timestamp: firstTimestamp &+ UInt32(i * 960), payload: $0, now: at(waiting[next].1))
          }
          next += 1
        }
        while let step = buffer.next(now: at(ms)) { steps.append((ms, step)) }
      }
    }

    /// How often the steps leave something out, and how often they go back.
    var seams: (forward: Int, back: Int) {
      var position: Int64?
      var seams = (forward: 0, back: 0)
      for (_, step) in steps {
        let (timestamp, count): (Int64, Int)
        switch step {
        case .decode(let octets, let time), .skip(let octets, let time):
          (timestamp, count) = (time, octets.read { OpusPacket($0)?.sampleCount } ?? 0)
        case .recover(_, let samples, let time), .conceal(let samples, let time),
          .silence(let samples, let time):
          (timestamp, count) = (time, samples)
        case .stretch: continue
        }
        if let position, timestamp > position { seams.forward += 1 }
        if let position, timestamp < position { seams.back += 1 }
        position = timestamp + Int64(count)
      }
      return seams
    }
  }

  @Test("on an even path every packet is decoded in order, a frame after it came")
  func even() throws {
    let packets = try Self.packets(100)
    var world = World(arrivals: (0..<100).map { Int64($0) * 20 })
    world.run(packets)
    let decoded = world.steps.compactMap { step -> [UInt8]? in
      if case .decode(let octets, _) = step.step { octets } else { nil }
    }
    let isWhole = decoded == packets
    #expect(isWhole)
    let (seams, counters, delay) = (world.seams, world.buffer.counters, world.buffer.delay)
    #expect(seams.forward == 0 && seams.back == 0)
    #expect(counters.concealed <= 5 && counters.recovered == 0)
    #expect(delay == .milliseconds(20))
  }

  @Test("a lost packet is taken from the next one; of two the first is made up")
  func lost() throws {
    let packets = try Self.packets(60)
    var world = World(arrivals: (0..<60).map { Int64($0) * 20 })
    for i in [20, 40, 41] { world.arrivals[i] = nil }
    // Room for the next packet to be there in time.
    world.buffer = AudioJitterBuffer(limits: .init(minimumDelay: .milliseconds(60)))
    world.run(packets)
    let seams = world.seams
    #expect(seams.forward == 0 && seams.back == 0)
    let repairs = world.steps.filter { step in
      switch step.step {
      case .decode: false
      default: step.ms < 1200
      }
    }
    #expect(repairs.count == 3)
    guard repairs.count == 3 else { return }
    guard case .recover(let next, 960, _) = repairs[0].step, next == packets[21],
      case .conceal(960, _) = repairs[1].step,
      case .recover(let last, 960, _) = repairs[2].step, last == packets[42]
    else {
      Issue.record("\(repairs)")
      return
    }
  }

  @Test(
    "jitter makes the delay grow until nothing is late, and it shrinks when the path is calm again")
  func adapts() throws {
    let packets = try Self.packets(2000)
    var random = SeededRandom(seed: 4)
    var world = World(
      arrivals: (0..<2000).map { i in
        let jitter = (200..<1000).contains(i) ? Int64(random.next() % 120) : 0
        return Int64(i) * 20 + jitter
      })
    var half = world
    half.arrivals = Array(world.arrivals[..<1000])
    half.run(Array(packets[..<1000]))
    let (grown, atHalf) = (half.buffer.target, half.buffer.counters)
    #expect(grown > .milliseconds(80) && grown < .milliseconds(130))
    #expect(atHalf.stretched >= 3)
    // A few while it grows, then nearly nothing of 700 packets.
    #expect(atHalf.late < 40)

    world.run(packets)
    let (delay, counters, seams) = (world.buffer.delay, world.buffer.counters, world.seams)
    #expect(delay <= .milliseconds(60))
    #expect(counters.skipped >= 2 && counters.late == atHalf.late)
    #expect(seams.back == 0 && seams.forward <= 2)
  }

  @Test("the timestamps of silence that was not sent are no loss")
  func silence() throws {
    let packets = try Self.packets(40)
    var buffer = AudioJitterBuffer()
    var silent = 0
    var lost = 0
    for ms in stride(from: Int64(0), to: 2000, by: 20) {
      // Nothing is sent from 400 to 1000 ms but one packet; sequence numbers go on.
      let i = ms < 400 ? Int(ms / 20) : ms >= 1000 ? Int(ms / 20) - 30 : nil
      if let i, i < 40 {
        packets[i].read {
          buffer.insert(
            sequenceNumber: UInt16(i), timestamp: UInt32(ms) * 48, payload: $0, now: at(ms))
        }
      }
      while let step = buffer.next(now: at(ms)) {
        switch step {
        case .silence: silent += 1
        case .conceal, .recover: lost += 1
        default: break
        }
      }
    }
    // What is made up at the ends of talk is not known to be silence yet.
    #expect(lost <= 10, "\(lost) made up, \(silent) silent")
    #expect(buffer.counters.decoded >= 38)
  }

  @Test("a publisher whose clock is set back is heard again within a second")
  func clockStep() throws {
    let packets = try Self.packets(200)
    var buffer = AudioJitterBuffer()
    var decodedAfter = 0
    for i in 0..<200 {
      let timestamp = UInt32(i * 960) &+ (i < 100 ? 50_000_000 : 0)
      packets[i].read {
        buffer.insert(
          sequenceNumber: UInt16(i), timestamp: timestamp, payload: $0, now: at(Int64(i) * 20))
      }
      while let step = buffer.next(now: at(Int64(i) * 20 + 10)) {
        if i >= 150, case .decode = step { decodedAfter += 1 }
      }
    }
    #expect(decodedAfter >= 48)
  }

  @Test("what waits is bounded, and no packet makes it trap", arguments: 1...10)
  func hostile(seed: UInt64) {
    var buffer = AudioJitterBuffer(limits: .init(packets: 20))
    var random = SeededRandom(seed: seed)
    var steps = 0
    for i in 0..<5000 {
      let payload = (0..<Int(random.next() % 10)).map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
      payload.read {
        buffer.insert(
          sequenceNumber: UInt16(truncatingIfNeeded: random.next()),
          timestamp: random.next() & 1 == 0
            ? UInt32(truncatingIfNeeded: random.next()) : UInt32(i) * 960,
          payload: $0, now: at(Int64(i) * 20))
      }
      while steps < 200_000, buffer.next(now: at(Int64(i) * 20)) != nil { steps += 1 }
    }
    #expect(steps > 0 && steps < 200_000)
    #expect(buffer.counters.malformed > 0)
  }
}

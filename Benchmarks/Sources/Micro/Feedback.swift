internal import Congestion
internal import Forwarding
internal import Wire

/// Losses noticed and asked for, one packet of a hundred; for each packet that arrives.
final class RequestLost: Benchmark {
  private var generator = NACKGenerator(limits: NACKGenerator.Limits())
  private var list = SequenceList(capacity: 128)
  private var index: Int64 = 0
  private var now = MediaInstant(nanoseconds: 1_000_000_000)

  init() { super.init("NACK generation") }

  override func run() -> Int {
    let first = index
    for _ in 0..<2000 {
      index += index % 100 == 50 ? 2 : 1
      now += .milliseconds(5)
      generator.note(index: index, isRetransmission: false, now: now)
      if index % 100 == 60 { generator.note(index: index - 9, isRetransmission: true, now: now) }
      if let due = generator.nextDeadline, due <= now {
        generator.collect(now: now, roundTrip: .milliseconds(20), into: &list)
        list.removeAll()
      }
    }
    return Int(index - first)
  }
}

/// Arrivals noted, and told to the sender every so often; for each packet that arrives.
final class ReportArrivals: Benchmark {
  private var reports = TransportWideCC(sender: SSRC(5))
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1200, alignment: 16)
  private var sequence: UInt16 = 0
  private var now = MediaInstant(nanoseconds: 1_000_000_000)

  init() { super.init("transport-wide feedback") }

  deinit { buffer.deallocate() }

  override func run() -> Int {
    var octets = 0
    for i in 0..<2000 {
      sequence &+= i % 100 == 50 ? 2 : 1
      now += .milliseconds(i % 5 == 0 ? 20 : 1)
      reports.packetArrived(transportSequence: sequence, media: SSRC(1), length: 1100, at: now)
      while let length = reports.writeFeedback(now: now, into: buffer) { octets += length }
    }
    Sink.take(UInt64(octets))
    return 2000
  }
}

/// Frames of six packets through the pacer, which spreads them.
final class Pace: Benchmark {
  private let arena = PacketArena(slotCount: 64)
  private var pacer = Pacer(rate: 3_750_000)
  private let slot: PacketSlot?
  private var now = MediaInstant(nanoseconds: 1_000_000_000)

  init() {
    slot = arena.allocate()
    super.init("pace")
  }

  override func run() -> Int {
    guard let slot else { return 0 }
    var done = 0
    for _ in 0..<300 {
      for _ in 0..<6 {
        let packet = PacedPacket(slot: slot, length: 1150, flow: 1, kind: .video)
        if case .sendNow = pacer.enqueue(packet, at: now) { done += 1 }
      }
      let end = now + .milliseconds(33)
      while let due = pacer.nextDeadline, due < end {
        now = max(now, due)
        while pacer.next(at: now) != nil { done += 1 }
      }
      now = end
    }
    return done
  }
}

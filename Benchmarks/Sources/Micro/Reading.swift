internal import Wire
internal import Workload

/// The header of an RTP packet with its transport-wide number.
final class ReadRTP: Benchmark {
  private let supply = PacketSupply(.video, count: 1000)

  init() { super.init("parse RTP") }

  override func prepare() { supply.refill() }

  override func run() -> Int {
    var sum: UInt64 = 0
    for i in 0..<supply.count {
      let bytes = supply.packet(i)
      guard let packet = RTPPacket(bytes) else { continue }
      sum &+= UInt64(packet.sequenceNumber)
      sum &+= UInt64(packet.transportSequence(id: MediaFormat.transportWideCC, in: bytes) ?? 0)
    }
    Sink.take(sum)
    return supply.count
  }
}

/// A receiver report with two blocks and the feedback of a tenth of a second.
final class ReadRTCP: Benchmark {
  private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1500, alignment: 16)
  private var length = 0

  init() { super.init("parse RTCP") }

  deinit { bytes.deallocate() }

  override func prepare() {
    let blocks = (0..<2).map {
      ReportBlock(
        ssrc: SSRC(UInt32($0)), fractionLost: 1, cumulativeLost: 2, extendedHighest: 3, jitter: 4,
        lastSR: 5, delaySinceLastSR: 6)
    }
    length = ReceiverReport(sender: SSRC(9), blocks: blocks).write(into: bytes) ?? 0
    let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[length...])
    guard
      var writer = TransportFeedbackWriter(
        into: rest, sender: SSRC(9), media: SSRC(1), baseSequence: 100, firstArrival: 1000,
        feedbackCount: 0)
    else { return }
    for i in 0..<20 where i % 7 != 6 {
      _ = writer.append(sequence: Int64(100 + i), arrival: Int64(1000 + 20 * i))
    }
    length += writer.finish() ?? 0
  }

  override func run() -> Int {
    var sum: UInt64 = 0
    for _ in 0..<500 {
      guard var compound = RTCPCompound(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
      else { continue }
      while let packet = compound.next() {
        switch packet {
        case .receiverReport(_, let blocks):
          for block in blocks { sum &+= UInt64(block.jitter) }
        case .transportFeedback(let feedback):
          for status in feedback { sum &+= UInt64(bitPattern: status.arrival ?? 0) }
        default: break
        }
      }
    }
    Sink.take(sum)
    return 500
  }
}

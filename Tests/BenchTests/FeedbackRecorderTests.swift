import Testing
import Wire

@testable import Bench

@Suite struct FeedbackRecorderTests {
  /// All that is written about `numbers`, as numbers that arrived.
  private func told(_ numbers: [UInt16]) -> [UInt16] {
    var recorder = FeedbackRecorder()
    for (i, number) in numbers.enumerated() {
      recorder.note(number, arrival: MediaInstant(nanoseconds: Int64(i) * 1_000_000))
    }
    var told: [UInt16] = []
    var packets = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1200, alignment: 8)
    defer { buffer.deallocate() }
    while packets < 100,
      let length = recorder.write(sender: SSRC(1), media: SSRC(2), into: buffer)
    {
      packets += 1
      guard
        var compound = RTCPCompound(
          UnsafeRawBufferPointer(rebasing: buffer[..<length])),
        case .transportFeedback(let feedback)? = compound.next()
      else { return [] }
      for status in feedback where status.arrival != nil {
        told.append(status.sequenceNumber)
      }
    }
    return recorder.isEmpty ? told : []
  }

  @Test("everything that arrived is told once, in order, however it came")
  func all() {
    #expect(told([]) == [])
    #expect(told([7, 8, 10, 9, 12, 12]) == [7, 8, 9, 10, 12])
    let many = (0..<2_000).map { UInt16(truncatingIfNeeded: 65_000 + $0) }
    #expect(told(many) == many)
  }
}

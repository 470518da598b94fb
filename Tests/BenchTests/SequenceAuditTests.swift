import Testing
import Wire

@testable import Bench

@Suite struct SequenceAuditTests {
  @Test("a gap is lost, what comes late is not, what comes twice is a duplicate")
  func basics() {
    var audit = SequenceAudit()
    for index in [10, 11, 13, 12, 13, 16] as [UInt32] {
      audit.note(index, isRetransmission: false)
    }
    #expect(audit.expected() == 7)
    #expect(audit.received == 5)
    #expect(audit.lost() == 2)
    #expect(audit.reordered == 1)
    #expect(audit.duplicates == 1)
    #expect(audit.note(15, isRetransmission: true) == .late)
    #expect(audit.recovered == 1)
    #expect(audit.lost() == 1)
    #expect(audit.note(15, isRetransmission: true) == .duplicate)
    #expect(audit.superfluous == 1)
    #expect(audit.duplicates == 1)
  }

  @Test("what was sent after the last arrival is lost too, where the last number is known")
  func tail() {
    var audit = SequenceAudit()
    #expect(audit.expected(last: 5) == 0)
    audit.note(0, isRetransmission: false)
    audit.note(1, isRetransmission: false)
    #expect(audit.lost() == 0)
    #expect(audit.lost(last: 4) == 3)
  }

  @Test("against a set of all numbers, in random order, with losses and repetitions")
  func random() {
    var random = SeededRandom(seed: 77)
    var audit = SequenceAudit()
    var seen: Set<UInt32> = []
    var duplicates: Int64 = 0
    var next: UInt32 = 500
    for step in 0..<50_000 {
      let index: UInt32
      if step > 0, random.next() % 8 == 0 {
        index = next - UInt32(random.next() % min(4_000, UInt64(next)))
      } else {
        next += random.next() % 50 == 0 ? UInt32(random.next() % 20) : 1
        index = next
      }
      if !seen.insert(index).inserted { duplicates += 1 }
      audit.note(index, isRetransmission: false)
    }
    #expect(audit.received == Int64(seen.count))
    #expect(audit.duplicates == duplicates)
    let (low, high) = (seen.min() ?? 0, seen.max() ?? 0)
    #expect(audit.lost() == Int64(high - low + 1) - Int64(seen.count))
  }

  @Test("a step beyond the window leaves no old marks behind")
  func longStep() {
    var audit = SequenceAudit()
    let far = UInt32(SequenceAudit.window * 3)
    audit.note(0, isRetransmission: false)
    audit.note(far, isRetransmission: false)
    #expect(audit.note(far - UInt32(SequenceAudit.window) + 1, isRetransmission: false) == .late)
    #expect(audit.note(0, isRetransmission: false) == .duplicate)
    #expect(audit.received == 3)
  }
}

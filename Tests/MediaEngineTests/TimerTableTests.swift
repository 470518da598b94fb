import Testing
import Wire

@testable import MediaEngine

struct TimerTableTests {
  static func at(_ n: Int64) -> MediaInstant { MediaInstant(nanoseconds: n) }

  @Test("Keys come out in the order of their deadlines")
  func order() {
    var table = TimerTable(capacity: 8)
    table.set(3, Self.at(30))
    table.set(1, Self.at(10))
    table.set(2, Self.at(20))
    table.set(1, Self.at(40))
    let next = table.next
    #expect(next == Self.at(20))
    var popped: [Int] = []
    while let key = table.popExpired(now: Self.at(35)) { popped.append(key) }
    #expect(popped == [2, 3])
    table.set(1, nil)
    let none = table.next
    #expect(none == nil)
  }

  @Test("Hastening only ever makes a deadline earlier")
  func hasten() {
    var table = TimerTable(capacity: 4)
    table.hasten(0, Self.at(50))
    table.hasten(0, Self.at(70))
    let kept = table.deadline(of: 0)
    table.hasten(0, Self.at(20))
    let earlier = table.deadline(of: 0)
    table.hasten(0, nil)
    let same = table.deadline(of: 0)
    #expect(kept == Self.at(50))
    #expect(earlier == Self.at(20))
    #expect(same == Self.at(20))
  }

  @Test("Random operations agree with a plain dictionary", arguments: [1, 2, 3])
  func random(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var table = TimerTable(capacity: 50)
    var plain: [Int: Int64] = [:]
    for _ in 0..<20_000 {
      let key = Int.random(in: 0..<50, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        table.set(key, nil)
        plain[key] = nil
      case 1:
        let now = Int64.random(in: 0..<300, using: &random)
        if let popped = table.popExpired(now: Self.at(now)) {
          #expect(plain[popped] == plain.values.min())
          #expect(plain[popped].map { $0 <= now } == true)
          plain[popped] = nil
        } else {
          #expect(plain.values.allSatisfy { $0 > now })
        }
      default:
        let deadline = Int64.random(in: 0..<1000, using: &random)
        table.set(key, Self.at(deadline))
        plain[key] = deadline
      }
      let (count, next) = (table.count, table.next)
      #expect(count == plain.count)
      #expect(next?.nanoseconds == plain.values.min())
    }
  }
}

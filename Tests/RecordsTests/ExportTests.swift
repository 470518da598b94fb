import Consultation
import Foundation
import Records
import Testing

@Suite("An export")
struct ExportTests {
  @Test(
    "has each presence once and in order, whatever the size of its pages; no load tests, none of another time"
  )
  func pages() async throws {
    let folder = try TemporaryFolder()
    let store = try RecordDatabase(path: folder.path("records.sqlite"))
    var expected: [String] = []
    for (number, booked) in [5, 3, 3, 9, 4].enumerated() {
      for name in ["c\(number)", "bench-\(number)"] {
        var room = try await opened(name, at: Int64(booked), in: store)
        for person in 0..<number {
          let one = try participantID("p\(person)")
          try await store.append(
            room.join(one, role: .observer, name: nil, at: moment(20)), to: room.id, at: moment(20))
          if person == 0 {
            try await store.append(room.leave(one, reason: .left), to: room.id, at: moment(30))
          }
        }
      }
    }
    for (number, _) in [(1, 3), (2, 3), (4, 4)] {
      expected += (0..<number).map { "c\(number) p\($0)" }
    }
    for page in [1, 2, 3, 100] {
      var found: [ExportedPresence] = []
      while true {
        let next = try await store.presences(
          from: moment(3), to: moment(5), after: found.last?.place, atMost: page)
        found += next
        if next.count < page { break }
      }
      #expect(found.map { "\($0.consultation) \($0.participant)" } == expected, "pages of \(page)")
      #expect(found.first?.left?.reason == .left && found.last?.left == nil)
      #expect(found.allSatisfy { $0.kind == .direct && $0.joinedAt == moment(20) && $0.end == nil })
    }
  }
}

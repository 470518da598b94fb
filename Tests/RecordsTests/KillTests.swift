import Consultation
import Foundation
import GRDB
import Records
import Synchronization
import Testing

@Suite("Killed without warning")
struct KillTests {
  /// The child opens consultations, joins and leaves from several tasks, notes each step that was
  /// acknowledged in a file, and kills itself after a number of them.
  @Test("everything acknowledged is there, nothing is torn, and the next start closes the rest")
  func killed() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("records.sqlite")
    let notes = folder.path("acknowledged")
    for (round, steps) in [1, 2, 7, 40, 150].enumerated() {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, notes = notes as String, round = round as Int, steps = steps as Int]
        in
        try await Self.workUntilKilled(path, notes, round, steps)
      }
      let database = try RecordDatabase(path: path)
      let closed = try await database.closeWhatWasOpen(reason: .serverCrash, at: moment(999))
      let lines = try String(contentsOfFile: notes, encoding: .utf8).split(separator: "\n")
      var joined = 0
      for line in lines {
        let words = line.split(separator: " ").map(String.init)
        let id = try consultationID(words[1])
        let record = try #require(try await database.consultation(id), "lost: \(line)")
        let presences = try await database.participants(of: id)
        #expect(record.state != .active && record.sittings.allSatisfy { $0.end != nil })
        #expect(presences.allSatisfy { $0.end != nil })
        switch words[0] {
        case "joined":
          joined += 1
          #expect(presences.count == 1, "lost: \(line)")
        case "left":
          #expect(presences.first?.end?.reason == .left, "lost: \(line)")
        case "ended":
          #expect(record.end?.reason == .ended, "lost: \(line)")
        default: break
        }
      }
      #expect(lines.count >= steps && closed <= joined + 4)
      try database.close()
      let queue = try DatabaseQueue(path: path)
      #expect(
        try await queue.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
      try queue.close()
    }
  }

  static func workUntilKilled(
    _ path: String, _ notes: String, _ round: Int, _ steps: Int
  ) async throws {
    let database = try RecordDatabase(path: path)
    let notebook = Notebook(path: notes, steps: steps)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for number in 0..<1_000 {
            var room = try await opened("r\(round)-\(task)-\(number)", in: database)
            notebook.note("opened \(room.id)")
            let ann = try participantID("ann")
            try await database.append(
              room.join(ann, role: .patient, name: nil, at: moment(1)), to: room.id, at: moment(1))
            notebook.note("joined \(room.id)")
            try await database.append(room.leave(ann, reason: .left), to: room.id, at: moment(2))
            notebook.note("left \(room.id)")
            try await database.append(room.end(by: .backend), to: room.id, at: moment(3))
            notebook.note("ended \(room.id)")
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

/// Notes what was acknowledged, and kills the process when enough was.
private final class Notebook: Sendable {
  private let file: CInt
  private let left: Mutex<Int>

  init(path: String, steps: Int) {
    file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    left = Mutex(steps)
  }

  func note(_ line: String) {
    let text = line + "\n"
    _ = write(file, text, text.utf8.count)
    let isEnough = left.withLock { left in
      left -= 1
      return left <= 0
    }
    if isEnough { kill(getpid(), SIGKILL) }
  }
}

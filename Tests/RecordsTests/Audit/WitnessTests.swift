import Consultation
import Foundation
import Testing

@testable import Records

@Suite("A witness of the audit log")
struct WitnessTests {
  let temporary: TemporaryFolder
  let folder: AuditFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = AuditFolder(path: temporary.path("audit"))
  }

  private func write(_ count: Int, to log: AuditLog) async throws {
    for number in 0..<count {
      let event = AuditEvent(
        AuditEvent.Kind(rawValue: "log.opened"), details: ["n": .integer(Int64(number))])
      try await log.append([event], at: moment(Int64(number)))
    }
    try await log.checkpoint()
  }

  private func lines() throws -> [UInt8] {
    Array(try String(contentsOfFile: folder.path + "/checkpoints.jsonl", encoding: .utf8).utf8)
  }

  private func witnessed(_ bytes: [UInt8]) throws -> WitnessedCheckpoints {
    try WitnessedCheckpoints(
      bytes, origin: folder.origin(), publicKey: folder.publicKey())
  }

  @Test("agrees with a log that has only grown, whatever stands before its lines")
  func grown() async throws {
    let log = try AuditLog(folder)
    try await write(3, to: log)
    let early = try lines()
    try await write(4, to: log)
    let collected =
      Array("Nov 22 16:00:00 somewhere visavis: ".utf8) + early + Array("something else\n".utf8)
    let seen = try witnessed(collected)
    #expect(seen.checkpoints.map(\.size) == [3])
    try AuditExamination(folder).compare(with: seen)
    try AuditExamination(folder).compare(with: witnessed(lines()))
    try AuditExamination(folder).compare(with: witnessed([]))
  }

  @Test("names what was cut off together with its checkpoints, which the log alone cannot know")
  func cut() async throws {
    let log = try AuditLog(folder)
    try await write(3, to: log)
    let files = ["entries.jsonl", "leaves", "checkpoints.jsonl"].map { folder.path + "/" + $0 }
    let before = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    try await write(2, to: log)
    let seen = try witnessed(lines())
    for (file, data) in zip(files, before) { try data.write(to: URL(fileURLWithPath: file)) }
    let cut = try AuditExamination(folder)
    #expect(cut.entries == 3)
    #expect {
      try cut.compare(with: seen)
    } throws: { ($0 as? AuditError)?.description.contains("seen 5 entries, here are 3") == true }
  }

  @Test("names a log that was written anew and signed with the same key")
  func rewritten() async throws {
    try await write(3, to: AuditLog(folder))
    let seen = try witnessed(lines())
    for name in ["entries.jsonl", "leaves", "checkpoints.jsonl"] {
      try FileManager.default.removeItem(atPath: folder.path + "/" + name)
    }
    let log = try AuditLog(folder)
    try await log.append([AuditEvent(.logClosed)], at: moment(9))
    try await write(4, to: log)
    let other = try AuditExamination(folder)
    #expect(throws: AuditError.self) { try other.compare(with: seen) }
  }

  @Test("takes no note of another key or another log, and none that was changed")
  func foreign() async throws {
    try await write(2, to: AuditLog(folder))
    let good = try lines()
    let other = AuditFolder(path: temporary.path("other"))
    try await write(2, to: AuditLog(other))
    let foreign = try Data(
      contentsOf: URL(fileURLWithPath: other.path + "/checkpoints.jsonl"))
    #expect(throws: AuditError.self) { try witnessed(good + Array(foreign)) }
    let text = String(decoding: good, as: UTF8.self)
    let changed = text.replacingOccurrences(of: #"\n2\n"#, with: #"\n1\n"#)
    #expect(changed != text)
    #expect(throws: AuditError.self) { try witnessed(Array(changed.utf8)) }
  }
}

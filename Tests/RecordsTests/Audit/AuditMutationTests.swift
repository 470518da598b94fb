import Consultation
import Foundation
import Testing

@testable import Records

/// A log that is signed to its end, changed in every way by one octet or one entry.
/// `VISAVIS_MUTATIONS=all` tries all 255 other values of each octet.
@Suite("A changed audit log")
struct AuditMutationTests {
  private let parent: TemporaryFolder
  private let folder: AuditFolder
  private let entries: [UInt8]
  private let checkpoints: [UInt8]
  /// Which entry an octet is of; one more than there are octets.
  private let owner: [Int]

  init() async throws {
    parent = try TemporaryFolder()
    folder = AuditFolder(path: parent.path("audit"))
    let log = try AuditLog(folder, origin: "test.invalid/log")
    let (a, b) = (try consultationID("a"), try consultationID("b"))
    try await log.append([AuditEvent(.roomCreated, session: a)], at: moment(1))
    try await log.append([AuditEvent(.roomCreated, session: b)], at: moment(2))
    try await log.checkpoint()
    let ann = try participantID("ann")
    try await log.append(
      [AuditEvent(.participantJoined, session: a, participant: ann)], at: moment(3))
    try await log.append(
      [AuditEvent(.participantLeft, session: a, participant: ann)], at: moment(4))
    try await log.append([AuditEvent(.logClosed)], at: moment(5))
    try await log.checkpoint()
    entries = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.entries)))
    checkpoints = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.checkpoints)))
    var owner: [Int] = []
    var number = 0
    for octet in entries {
      owner.append(number)
      if octet == UInt8(ascii: "\n") { number += 1 }
    }
    self.owner = owner + [number]
    let found = try AuditExamination(folder)
    try #require(found.entries == 5 && found.covered == 5 && found.checkpoints.count == 2)
  }

  /// What the log says of itself with these entries.
  private func verdict(_ changed: [UInt8], isThorough: Bool = true) throws -> AuditError? {
    try Data(changed).write(to: URL(fileURLWithPath: folder.entries))
    do throws(AuditError) {
      _ = try AuditExamination(folder, isThorough: isThorough)
      return nil
    } catch {
      return error
    }
  }

  private func expect(_ entry: Int, _ changed: [UInt8], _ what: @autoclosure () -> String) throws {
    guard changed != entries else { return }
    guard case .tampered(entry, _)? = try verdict(changed) else {
      Issue.record("\(what()): \(try verdict(changed)?.description ?? "nobody saw it")")
      return
    }
  }

  private static let isWhole = ProcessInfo.processInfo.environment["VISAVIS_MUTATIONS"] == "all"

  @Test("every other value of every octet is found, and its entry named")
  func changes() throws {
    for offset in entries.indices {
      let octet = entries[offset]
      let values =
        Self.isWhole ? Array(0...255) : [octet ^ 1 << UInt8(offset & 7)]
      for value in values where value != octet {
        var changed = entries
        changed[offset] = value
        try expect(owner[offset], changed, "octet \(offset) became \(value)")
      }
    }
  }

  @Test("every octet taken out, put in, made a line end or put behind the next is found and named")
  func shifts() throws {
    for offset in entries.indices {
      var changed = entries
      changed[offset] = UInt8(ascii: "\n")
      try expect(owner[offset], changed, "octet \(offset) became the end of a line")
      changed = entries
      changed.remove(at: offset)
      try expect(owner[offset], changed, "octet \(offset) was taken out")
      changed = entries
      changed.insert(UInt8(ascii: " "), at: offset)
      try expect(owner[offset], changed, "a space was put in before octet \(offset)")
      guard offset + 1 < entries.count else { continue }
      changed = entries
      changed.swapAt(offset, offset + 1)
      try expect(owner[offset], changed, "octets \(offset) and the next changed places")
    }
  }

  @Test("a log that was cut anywhere is found, and the first entry that is not whole named")
  func cuts() throws {
    for length in entries.indices {
      try expect(owner[length], Array(entries[..<length]), "cut to \(length) octets")
    }
  }

  @Test("each entry taken out, repeated, changed places or replaced by another is found and named")
  func entriesMoved() throws {
    let lines = entries.split(separator: UInt8(ascii: "\n")).map { Array($0) + [0x0A] }
    for i in lines.indices {
      var changed = lines
      changed.remove(at: i)
      try expect(i, changed.flatMap(\.self), "entry \(i) was taken out")
      changed = lines
      changed.insert(lines[i], at: i)
      try expect(i + 1, changed.flatMap(\.self), "entry \(i) stands there twice")
      for j in lines.indices where j != i {
        changed = lines
        changed[i] = lines[j]
        try expect(i, changed.flatMap(\.self), "entry \(i) is a copy of \(j)")
        guard j > i else { continue }
        changed = lines
        changed.swapAt(i, j)
        try expect(i, changed.flatMap(\.self), "entries \(i) and \(j) changed places")
      }
    }
  }

  @Test("every changed octet of a checkpoint or of a kept hash is found")
  func companions() throws {
    let leaves = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.leaves)))
    for (path, kept) in [(folder.checkpoints, checkpoints), (folder.leaves, leaves)] {
      for offset in kept.indices {
        var changed = kept
        changed[offset] ^= 1 << UInt8(offset & 7)
        try Data(changed).write(to: URL(fileURLWithPath: path))
        #expect(try verdict(entries) != nil, "octet \(offset) of \(path)")
      }
      try Data(kept).write(to: URL(fileURLWithPath: path))
    }
    #expect(try verdict(entries) == nil)
  }

  @Test("the quick look at a start finds what the thorough one finds")
  func quick() throws {
    for offset in stride(from: 0, to: entries.count, by: 3) {
      var changed = entries
      changed[offset] ^= 2
      #expect(try verdict(changed, isThorough: false) != nil, "octet \(offset)")
    }
  }
}

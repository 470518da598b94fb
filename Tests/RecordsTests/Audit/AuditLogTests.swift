import Consultation
import Foundation
import Testing

@testable import Records

@Suite("Audit log")
struct AuditLogTests {
  /// A log of two consultations whose entries alternate: three checkpoints, two entries behind the last.
  private static func filled(_ folder: AuditFolder, rounds: Int = 5) async throws -> AuditLog {
    let log = try AuditLog(folder, origin: "test.invalid/log")
    let (a, b) = (try consultationID("a"), try consultationID("b"))
    for session in [a, b] {
      try await log.append([AuditEvent(.roomCreated, session: session)], at: moment(1))
    }
    try await log.checkpoint()
    for number in 0..<rounds {
      for session in [a, b] {
        let event = AuditEvent(
          .participantJoined, session: session, participant: try participantID("p\(number)"),
          details: ["role": .string("patient")])
        try await log.append([event], at: moment(Int64(2 + number)))
      }
    }
    try await log.append(
      [AuditEvent(.roomClosed, session: a, details: ["reason": .string("ended")])], at: moment(9))
    // The end of a consultation is signed at once; the next append comes after it.
    try await log.append([AuditEvent(.participantLeft, session: b)], at: moment(10))
    try await log.checkpoint()
    try await log.append([AuditEvent(.participantLeft, session: b)], at: moment(11))
    try await log.append([AuditEvent(.logClosed)], at: moment(12))
    return log
  }

  @Test("what was written verifies, is found again at the next start, and goes on")
  func reopened() async throws {
    let parent = try TemporaryFolder()
    defer { withExtendedLifetime(parent) {} }
    let folder = AuditFolder(path: parent.path("audit"))
    let key = try await Self.filled(folder).publicKey.base64
    let found = try AuditExamination(folder)
    #expect(found.entries == 16 && found.covered == 14 && found.checkpoints.count == 3)
    #expect(found.sessions.keys.sorted() == ["b"])
    let again = try AuditLog(folder)
    #expect(again.publicKey.base64 == key)
    try await again.append(
      [AuditEvent(.participantLeft, session: try consultationID("b"))], at: moment(13))
    try await again.checkpoint()
    let later = try AuditExamination(folder)
    #expect(later.entries == 17 && later.covered == 17)
  }

  @Test("every changed octet, removed octet, swap and removal of signed entries is found and named")
  func mutations() async throws {
    let parent = try TemporaryFolder()
    defer { withExtendedLifetime(parent) {} }
    let folder = AuditFolder(path: parent.path("audit"))
    _ = try await Self.filled(folder, rounds: 1)
    let entries = try Data(contentsOf: URL(fileURLWithPath: folder.entries))
    let covered = try AuditExamination(folder).covered
    func verdict(_ changed: Data) throws -> AuditError? {
      try changed.write(to: URL(fileURLWithPath: folder.entries))
      do throws(AuditError) {
        _ = try AuditExamination(folder, isThorough: false)
        return nil
      } catch {}
      do throws(AuditError) { _ = try AuditExamination(folder) } catch { return error }
      return nil
    }
    func entry(at offset: Int) -> Int { entries[..<offset].count { $0 == UInt8(ascii: "\n") } }

    for offset in entries.indices where entry(at: offset) < covered {
      var changed = entries
      changed[offset] ^= 1
      guard case .tampered(let named?, _) = try verdict(changed) else {
        Issue.record("octet \(offset) was changed and nobody saw it")
        continue
      }
      #expect(named == entry(at: offset), "octet \(offset)")
      changed = entries
      changed.remove(at: offset)
      guard case .tampered(entry(at: offset), _) = try verdict(changed) else {
        Issue.record("octet \(offset) was removed and nobody saw it")
        continue
      }
    }
    let lines = entries.split(separator: UInt8(ascii: "\n"))
    for i in 0..<covered {
      var without = lines
      without.remove(at: i)
      guard case .tampered(i, _) = try verdict(joined(without)) else {
        Issue.record("entry \(i) was removed and nobody saw it")
        continue
      }
      for j in (i + 1)..<covered {
        var swapped = lines
        swapped.swapAt(i, j)
        guard case .tampered(i, _) = try verdict(joined(swapped)) else {
          Issue.record("entries \(i) and \(j) changed places and nobody saw it")
          continue
        }
      }
      let cut = joined(Array(lines[..<i]))
      guard case .tampered(i, _) = try verdict(cut) else {
        Issue.record("the log was cut to \(i) entries and nobody saw it")
        continue
      }
    }
    try entries.write(to: URL(fileURLWithPath: folder.entries))
    #expect(try AuditExamination(folder).entries == 8)
  }

  private func joined(_ lines: [Data]) -> Data {
    Data(lines.flatMap { Array($0) + [UInt8(ascii: "\n")] })
  }

  @Test("a changed checkpoint, and hashes made to fit a changed entry, are found")
  func checkpoints() async throws {
    let parent = try TemporaryFolder()
    defer { withExtendedLifetime(parent) {} }
    let folder = AuditFolder(path: parent.path("audit"))
    _ = try await Self.filled(folder)
    let url = URL(fileURLWithPath: folder.checkpoints)
    let kept = try Data(contentsOf: url)
    for offset in kept.indices where kept[offset] != UInt8(ascii: "\n") {
      var changed = kept
      changed[offset] ^= 1
      try changed.write(to: url)
      #expect(throws: AuditError.self, "octet \(offset)") { try AuditExamination(folder) }
    }
    try kept.write(to: url)

    // The forger makes the kept hash fit: only the signed root knows.
    let entriesURL = URL(fileURLWithPath: folder.entries)
    var lines = try Data(contentsOf: entriesURL).split(separator: UInt8(ascii: "\n"))
    let text = String(decoding: lines[4], as: UTF8.self)
    lines[4] = Data(text.replacingOccurrences(of: "patient", with: "relative").utf8)
    try joined(lines).write(to: entriesURL)
    var leaves = try Data(contentsOf: URL(fileURLWithPath: folder.leaves))
    leaves.replaceSubrange((4 * 32)..<(5 * 32), with: MerkleHash.leaf(lines[4]).bytes)
    try leaves.write(to: URL(fileURLWithPath: folder.leaves))
    do throws(AuditError) {
      _ = try AuditExamination(folder)
      Issue.record("a forged entry was believed")
    } catch {
      // The session's next entry still names the hash of what stood there.
      guard case .tampered(let entry?, _) = error else { throw error }
      #expect((4...6).contains(entry))
    }
    #expect(throws: AuditError.self) { try AuditLog(folder) }
  }

  @Test("a line that a crash tore is cut, unless it was signed")
  func torn() async throws {
    let parent = try TemporaryFolder()
    defer { withExtendedLifetime(parent) {} }
    let folder = AuditFolder(path: parent.path("audit"))
    _ = try await Self.filled(folder)
    let url = URL(fileURLWithPath: folder.entries)
    let whole = try Data(contentsOf: url)
    let lines = whole.split(separator: UInt8(ascii: "\n"))
    let signed = joined(Array(lines[..<14])).count
    for length in stride(from: whole.count, through: signed - 20, by: -7) {
      try whole[..<length].write(to: url)
      if length >= signed {
        let log = try AuditLog(folder)
        try await log.append([AuditEvent(.logOpened)], at: moment(20))
        let found = try AuditExamination(folder)
        #expect(found.entries == whole[..<length].count { $0 == UInt8(ascii: "\n") } + 1)
        try whole.write(to: url)
        try FileManager.default.removeItem(atPath: folder.leaves)
      } else {
        #expect(throws: AuditError.self, "\(length) octets") { try AuditLog(folder) }
        #expect(try Data(contentsOf: url).count == length)
      }
    }
  }

  @Test("events that come at once are all there, each consultation's in its order")
  func concurrent() async throws {
    let parent = try TemporaryFolder()
    defer { withExtendedLifetime(parent) {} }
    let folder = AuditFolder(path: parent.path("audit"))
    let log = try AuditLog(folder)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<20 {
        group.addTask {
          let session = try consultationID("s\(task)")
          for number in 0..<20 {
            try await log.append(
              [AuditEvent(.trackMuted, session: session, details: ["n": .integer(Int64(number))])],
              at: moment(1))
          }
        }
      }
      try await group.waitForAll()
    }
    try await log.checkpoint()
    #expect(try AuditExamination(folder).covered == 400)
    let receipt = try await log.receipt(for: try consultationID("s7"))
    #expect(receipt.entries.count == 20)
    for (number, entry) in receipt.entries.enumerated() {
      #expect(entry.entry.contains("\"n\":\(number)}"))
    }
  }

  @Test("a receipt verifies with the public key alone, and not when anything of it is changed")
  func receipts() async throws {
    let parent = try TemporaryFolder()
    defer { withExtendedLifetime(parent) {} }
    let folder = AuditFolder(path: parent.path("audit"))
    let log = try await Self.filled(folder)
    let receipt = try await log.receipt(for: try consultationID("a"))
    let key = log.publicKey
    #expect(receipt.entries.count == 7)
    try receipt.verify(by: key)
    #expect(throws: AuditError.self) { try receipt.verify(by: AuditKey().publicKey) }
    for i in receipt.entries.indices {
      var changed = receipt
      changed.entries[i].entry = changed.entries[i].entry.replacingOccurrences(
        of: "\"v\":1", with: "\"v\":2")
      #expect(throws: AuditError.self) { try changed.verify(by: key) }
      changed = receipt
      changed.entries[i].index += 1
      #expect(throws: AuditError.self) { try changed.verify(by: key) }
      guard i < receipt.entries.count - 1 else { continue }
      changed = receipt
      changed.entries.remove(at: i)
      #expect(throws: AuditError.self) { try changed.verify(by: key) }
    }
    var other = receipt
    other.session = "b"
    #expect(throws: AuditError.self) { try other.verify(by: key) }
    #expect(throws: AuditError.self) { try AuditReceipt(try consultationID("nobody"), in: folder) }
  }

  @Test("waiting, letting in and putting back are an entry each")
  func door() throws {
    let id = try consultationID("act")
    let record = ConsultationRecord(
      id: id, kind: .direct, createdAt: moment(0), hasWaitingRoom: true)
    var room = Room(record, participantLimit: 6)
    let (ann, bob) = (try participantID("ann"), try participantID("bob"))
    var effects = try room.join(ann, role: .patient, name: nil, at: moment(1))
    effects += try room.join(bob, role: .physician, name: nil, at: moment(2))
    effects += try room.admit(ann, by: bob)
    effects += try room.hold(ann, by: bob)
    effects += try room.leave(ann, reason: .left)
    let events = effects.compactMap { AuditEvent($0, of: id) }
    #expect(
      events.map(\.kind.rawValue) == [
        "sitting.began", "participant.joined", "participant.waiting", "participant.joined",
        "participant.admitted", "room.state", "participant.held", "participant.left",
      ])
    #expect(events[4].participant == ann && events[4].details == ["by": .string("bob")])
    #expect(events[6].participant == ann && events[6].details == ["by": .string("bob")])
  }

  @Test("records and log say the same, and the log names nobody")
  func audited() async throws {
    let parent = try TemporaryFolder()
    defer { withExtendedLifetime(parent) {} }
    let folder = AuditFolder(path: parent.path("audit"))
    let log = try AuditLog(folder)
    let store = try RecordDatabase(path: parent.path("records.sqlite"), log: log)
    var room = try await opened("act", in: store)
    let ann = try participantID("p1")
    let name = DisplayName(rawValue: "Canary Surname")
    try await store.append(
      room.join(ann, role: .patient, name: name, at: moment(1)), to: room.id, at: moment(1))
    try await store.append(room.leave(ann, reason: .left), to: room.id, at: moment(2))
    try await store.append(room.end(by: .backend), to: room.id, at: moment(3))
    let text = try String(contentsOfFile: folder.entries, encoding: .utf8)
    let types = text.split(separator: "\n").map {
      AuditExamination.text(of: "type", in: Array($0.utf8)[...]) ?? ""
    }
    #expect(types.first == "room.created" && types.last == "room.closed")
    #expect(types.count { $0 == "participant.joined" } == 1)
    #expect(types.count { $0 == "participant.left" } == 1)
    #expect(!text.contains("Canary"))
    // The refusal of a store leaves nothing in the log.
    await #expect(throws: RecordStoreError.ended) {
      try await store.end(room.id, reason: .ended, at: moment(4))
    }
    #expect(try AuditExamination(folder).entries == types.count)
  }
}

import Consultation
import Foundation
import Testing

@testable import Records

@Suite("Recordings in the audit log")
struct RecordingTests {
  private let folder: TemporaryFolder
  private var audit: AuditFolder { AuditFolder(path: folder.path("audit")) }

  init() throws { folder = try TemporaryFolder() }

  private func start() throws -> RecordDatabase {
    try RecordDatabase(path: folder.path("records.sqlite"), log: try AuditLog(audit))
  }

  /// What the log says of recordings, with the reason of an end.
  private func told() throws -> [String] {
    try String(contentsOfFile: audit.entries, encoding: .utf8).split(separator: "\n").compactMap {
      let entry = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      guard let type = entry?["type"] as? String, type.hasPrefix("recording.") else { return nil }
      let reason = (entry?["data"] as? [String: Any])?["reason"] as? String
      return type + (reason.map { " " + $0 } ?? "")
    }
  }

  private func keep(
    _ file: String, of consultation: ConsultationID, began: Int64, isWhole: Bool,
    in store: RecordDatabase
  ) async throws {
    let record = FileRecord(
      id: try #require(FileID(rawValue: file)), consultation: consultation,
      owner: try participantID("ann"), type: .webm, size: 9, sha256: "00", isAside: false,
      at: moment(began), keptUntil: moment(9000))
    try await store.keep(
      record, link: "https://visavis.test/", isWhole: isWhole, at: moment(began + 100))
  }

  @Test("one that a crash left open ends at the next start, once, before its files")
  func crash() async throws {
    let room = try await opened("a", in: start())
    let bob = try participantID("bob")
    var expected: [String] = []
    for began: Int64 in [10, 1010] {
      try await start().append([.recordingBegan(by: bob)], to: room.id, at: moment(began))
      // Its next start; and one more, since that died, too.
      for file in ["f_ann\(began)", "f_bob\(began)"] {
        let store = try start()
        try await store.closeWhatWasOpen(reason: .serverCrash, at: moment(began + 50))
        try await keep(file, of: room.id, began: began, isWhole: false, in: store)
      }
      expected += [
        "recording.began", "recording.ended restart", "recording.kept", "recording.kept",
      ]
      #expect(try told() == expected)
    }
    let again = try start()
    await #expect(throws: RecordStoreError.exists) {
      try await keep("f_ann10", of: room.id, began: 10, isWhole: false, in: again)
    }
    #expect(try told() == expected)
    _ = try AuditExamination(audit)
  }

  @Test("one that had ended has no second end, also when a crash has left its files open")
  func closing() async throws {
    let store = try start()
    let room = try await opened("a", in: store)
    let bob = try participantID("bob")
    try await store.append([.recordingBegan(by: bob)], to: room.id, at: moment(10))
    try await store.append([.recordingEnded(.stopped, by: bob)], to: room.id, at: moment(90))
    // The crash comes before its file is closed.
    let next = try start()
    try await next.closeWhatWasOpen(reason: .serverCrash, at: moment(95))
    try await keep("f_ann", of: room.id, began: 10, isWhole: false, in: next)
    #expect(try told() == ["recording.began", "recording.ended stopped", "recording.kept"])
  }

  @Test("one that nothing came of ends, too, when the server stops or the consultation ends")
  func others() async throws {
    let store = try start()
    let bob = try participantID("bob")
    for (id, reason, told) in [
      ("a", nil, "recording.ended interrupted"),
      ("b", LeaveReason.ended, "recording.ended consultation"),
    ] {
      let room = try await opened(id, in: store)
      try await store.append([.recordingBegan(by: bob)], to: room.id, at: moment(10))
      if let reason {
        try await store.end(room.id, reason: reason, at: moment(20))
      } else {
        try await store.closeWhatWasOpen(reason: .serverShutdown, at: moment(20))
      }
      #expect(try self.told().last == told)
    }
    try await store.closeWhatWasOpen(reason: .serverCrash, at: moment(30))
    #expect(try told().count == 4)
  }
}

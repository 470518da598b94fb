import Consultation
import Foundation
import Testing

@testable import Signaling

@Suite("Recordings on the disk")
struct SealedRecordingTests {
  private let folder: String
  private let key = [UInt8](repeating: 7, count: 32)
  private let label: SealedRecording.Label

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/recordings-\(UUID())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    label = .init(
      file: try #require(FileID(rawValue: "f_one")),
      consultation: try #require(ConsultationID(rawValue: "room")),
      participant: try #require(ParticipantID(rawValue: "ann")),
      began: WallClock(milliseconds: 1_000_000), keptUntil: WallClock(milliseconds: 9_000_000))
  }

  private var path: String { folder + "/f_one" }
  private func disk() throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }
  private func put(_ octets: [UInt8]) throws {
    try Data(octets).write(to: URL(fileURLWithPath: path))
  }

  /// Ten pieces, and where on the disk each ends.
  private func make(closes: Bool = true) throws -> [Int] {
    var file = try SealedRecording(new: label, in: folder, key: key)
    var ends = [file.size]
    for number in 0..<10 {
      try file.append(
        header: Array("header \(number)".utf8),
        contents: Array("what was said \(number) ".utf8) + [UInt8](repeating: 65, count: 1000))
      ends.append(file.size)
    }
    if closes { try file.close() }
    return ends
  }

  private func find(key other: [UInt8]? = nil) -> SealedRecording? {
    SealedRecording(found: "f_one", in: folder, label: label, key: other ?? key)
  }

  @Test("can be read with the key alone, and nothing of it is on the disk")
  func sealed() throws {
    _ = try make()
    #expect(SealedRecording.label(of: "f_one", in: folder) == label)
    let file = try #require(find())
    #expect(file.isWhole && file.segments.count == 10)
    #expect(try file.header() == Array("header 9".utf8))
    #expect(try file.contents(of: 3).starts(with: Array("what was said 3".utf8)))
    let text = String(decoding: try disk(), as: UTF8.self)
    for word in ["header", "what", "AAAA"] { #expect(!text.contains(word)) }
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test("end behind their last whole piece, wherever the process died")
  func cut() throws {
    let ends = try make(closes: false)
    let whole = try disk()
    for length in stride(from: ends[0], through: whole.count, by: 97) {
      try put(Array(whole.prefix(length)))
      var file = try #require(find())
      let expected = ends.dropFirst().count { $0 <= length }
      #expect(!file.isWhole && file.segments.count == expected, "\(length)")
      guard expected > 0 else { continue }
      #expect(try file.header() == Array("header \(expected - 1)".utf8))
      try file.close()
      let again = try #require(find())
      #expect(again.isWhole && again.segments.count == expected)
    }
  }

  @Test("tell that they were changed: an octet, two pieces exchanged, one left out, another label")
  func changed() throws {
    let ends = try make()
    let whole = try disk()
    func piece(_ number: Int) -> [UInt8] { Array(whole[ends[number]..<ends[number + 1]]) }
    func piecesRead() throws -> Int? {
      guard let file = find() else { return nil }
      return try file.segments.indices.count { try !file.contents(of: $0).isEmpty }
    }
    var octet = whole
    octet[ends[4] + 40] ^= 1
    try put(octet)
    #expect(throws: (any Error).self) { try piecesRead() }
    try put(
      Array(whole[..<ends[3]]) + piece(4) + piece(3) + Array(whole[ends[5]...]))
    #expect(throws: (any Error).self) { try piecesRead() }
    // All behind what is missing has another number: none can be opened, so they are no pieces.
    try put(Array(whole[..<ends[3]]) + Array(whole[ends[4]...]))
    #expect(try piecesRead() == 3)
    #expect(find()?.isWhole == false)
    // Its end was taken off.
    try put(Array(whole[..<ends[9]]))
    #expect(find()?.isWhole == false)
    // It is said to be of somebody else.
    try put(whole)
    var other = label
    other.participant = try #require(ParticipantID(rawValue: "bob"))
    #expect(SealedRecording(found: "f_one", in: folder, label: other, key: key) == nil)
  }

  @Test("stay as they are where the key is another one")
  func wrongKey() throws {
    _ = try make(closes: false)
    let whole = try disk()
    #expect(find(key: [UInt8](repeating: 8, count: 32)) == nil)
    #expect(try disk() == whole)
  }

  @Test("on a shelf: what is found without an end gets one, and the sum is of what is read")
  func shelf() async throws {
    let ends = try make(closes: false)
    try put(Array(try disk().prefix(ends[8] + 100)))
    let shelf = try RecordingShelf(folder: folder, limits: RecordingLimits())
    let found = try await shelf.found()
    #expect(found.map(\.label) == [label])
    let content = try #require(await shelf.adopt("f_one", label, key: key))
    #expect(!content.isWhole)
    var octets: [UInt8] = []
    var part = 0
    while let next = try await shelf.part(part, of: label.file) {
      octets += next
      part += 1
    }
    #expect(octets.starts(with: Array("header 7what was said 0".utf8)))
    #expect(octets.count == content.size)
    await shelf.erase(label.consultation)
    #expect(!FileManager.default.fileExists(atPath: path))
    await #expect(throws: RecordingShelf.Gone.self) { try await shelf.part(0, of: label.file) }
  }

  @Test("are no more than the server may have, and who writes is told why it ends")
  func full() async throws {
    var limits = RecordingLimits()
    limits.total = 5_000
    let shelf = try RecordingShelf(folder: folder, limits: limits)
    let (failures, failed) = AsyncStream<RecordingEnd>.makeStream()
    for _ in 0..<10 {
      shelf.append(
        to: label, key: key, header: [1], contents: [UInt8](repeating: 1, count: 1000)
      ) { failed.yield($0) }
    }
    let content = try #require(await shelf.finish(label.file))
    failed.finish()
    var reasons: [RecordingEnd] = []
    for await reason in failures { reasons.append(reason) }
    #expect(reasons == [.limit])
    #expect(content.size < 5_000 && content.isWhole)
    let size = try disk().count
    #expect(size <= 5_000 + 100)
  }

  @Test("that cannot be written end with that reason")
  func storage() async throws {
    let shelf = try RecordingShelf(folder: folder, limits: RecordingLimits())
    try FileManager.default.removeItem(atPath: folder)
    let (failures, failed) = AsyncStream<RecordingEnd>.makeStream()
    shelf.append(to: label, key: key, header: [1], contents: [2]) { failed.yield($0) }
    #expect(await failures.first { _ in true } == .storage)
    let content = try await shelf.finish(label.file)
    #expect(content == nil)
  }
}

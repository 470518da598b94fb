import Consultation
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import Testing
import Wire

@testable import Signaling

@Suite("Files over HTTP")
struct FileRoutesTests {
  private static let png: [UInt8] =
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + (0..<3000).map { UInt8($0 & 0xFF) }

  /// A consultation with a physician and a patient inside, and a folder that goes with the test.
  private final class Fixture {
    let world: TestWorld
    let front: HTTPFront
    let room: RoomSession
    let folder: String
    let physician: TestClient
    let patient: TestClient
    let tokens: [String]

    init(_ change: (inout FileLimits) -> Void = { _ in }) async throws {
      var world = try await TestWorld()
      folder = NSTemporaryDirectory() + "visavis-files-\(UInt64.random(in: 0 ... .max))"
      var limits = FileLimits()
      change(&limits)
      try world.share(in: folder, limits)
      self.world = world
      front = HTTPFront(world.services)
      room = try await world.room()
      physician = TestClient(room)
      patient = TestClient(room)
      tokens = [
        try await physician.join(world.token(.physician)).resumeToken,
        try await patient.join(world.token(.patient)).resumeToken,
      ]
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func call(
      _ method: HTTPRequest.Method, _ path: String, _ token: String, _ body: [UInt8] = [],
      offset: Int? = nil
    ) async -> HTTPReply {
      var headers: HTTPFields = [.authorization: "Bearer " + token]
      if let offset { headers[.uploadOffset] = String(offset) }
      return await front.respond(
        to: HTTPCall(
          method: method, target: "/v1/consultations/consultation/files" + path, headers: headers,
          authority: "visavis.test", isTLS: false, client: IPAddress(v4: 0xC000_0201),
          content: RequestBody(buffer: ByteBuffer(bytes: body))))
    }

    func begin(
      _ name: String, _ size: Int, sum: String? = nil, _ token: String? = nil
    ) async throws -> (HTTPReply, String) {
      var wish: [String: Any] = ["name": name, "size": size]
      if let sum { wish["sha256"] = sum }
      let reply = await call(
        .post, "", token ?? tokens[1], Array(try JSONSerialization.data(withJSONObject: wish)))
      let id = try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any]
      return (reply, "/\(id?["id"] as? String ?? "")")
    }

    func content(_ reply: HTTPReply) async -> [UInt8] {
      var octets = reply.body
      if let stream = reply.stream { for await part in stream { octets += part } }
      while let part = try? await reply.parts?() { octets += part }
      return octets
    }

    var onDisk: [String] {
      (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
  }

  @Test("a file comes in pieces, is resumed where it broke off, and is told with its hash")
  func resumable() async throws {
    let fixture = try await Fixture()
    let (begun, path) = try await fixture.begin("Grain de beauté.png", Self.png.count)
    #expect(begun.status == .created)
    #expect(
      await fixture.call(.patch, path, fixture.tokens[1], Array(Self.png[..<1000]), offset: 0)
        .status
        == .noContent)
    // The answer was lost: the same octets again are refused, and where it goes on is asked.
    let again = await fixture.call(
      .patch, path, fixture.tokens[1], Array(Self.png[..<1000]), offset: 0)
    #expect(again.status == .conflict && again.headers[.uploadOffset] == "1000")
    let asked = await fixture.call(.head, path, fixture.tokens[1])
    #expect(asked.headers[.uploadOffset] == "1000" && asked.headers[.uploadLength] == "3008")
    _ = await (fixture.physician.messages(), fixture.patient.messages())
    let done = await fixture.call(
      .patch, path, fixture.tokens[1], Array(Self.png[1000...]), offset: 1000)
    #expect(done.status == .ok)

    guard case .file(let told)? = await fixture.physician.messages().last else {
      Issue.record("the physician is not told")
      return
    }
    #expect(told.file == "Grain de beauté.png" && told.type == "image/png" && told.size == 3008)
    #expect(told.to == [try fixture.physician.id.rawValue] && told.sha256.utf8.count == 64)
    #expect(await fixture.patient.messages().last == .file(told))
    let read = await fixture.call(.get, path, fixture.tokens[0])
    #expect(await fixture.content(read) == Self.png)
    #expect(read.headers[.contentType] == "image/png")
    #expect(read.headers[.xContentTypeOptions] == "nosniff")
    #expect(read.headers[.contentSecurityPolicy]?.hasSuffix("sandbox") == true)
    #expect(
      read.headers[.contentDisposition]
        == "attachment; filename=\"Grain de beaut_.png\"; filename*=UTF-8''Grain%20de%20beaut%C3%A9.png"
    )
    // The record has type, size and hash; who fetched it is there, too, and its name nowhere.
    let record = try #require(try await fixture.world.store.files(of: fixture.room.id).first)
    #expect(record.sha256 == told.sha256 && record.type == .png && record.keptUntil == nil)
    #expect(
      fixture.world.store.effects.contains(.fetched(try fixture.physician.id, record.id)))
  }

  @Test("what is no picture and no PDF, too large, longer than said or of another hash is refused")
  func refusals() async throws {
    let fixture = try await Fixture {
      $0.size = 5000; $0.types = [.png]
    }
    let token = fixture.tokens[1]
    #expect(try await fixture.begin("a", 5001).0.status == .contentTooLarge)
    for (name, size) in [("", 9), ("a/b", 9), ("a\u{202E}gnp.exe", 9), ("a", 0), ("a", -1)] {
      #expect(try await fixture.begin(name, size).0.status == .badRequest, "\(name) \(size)")
    }
    for content in ["<svg onload=alert(1)>", "%PDF-1.7 ...", "x"] {
      let (_, path) = try await fixture.begin("a.png", content.utf8.count)
      let reply = await fixture.call(.patch, path, token, Array(content.utf8), offset: 0)
      #expect(reply.status == .unsupportedMediaType, "\(content)")
    }
    let (_, short) = try await fixture.begin("a.png", 100)
    #expect(
      await fixture.call(.patch, short, token, Self.png, offset: 0).status == .contentTooLarge)
    let (_, wrong) = try await fixture.begin(
      "a.png", Self.png.count, sum: String(repeating: "0", count: 64))
    #expect(
      await fixture.call(.patch, wrong, token, Self.png, offset: 0).status
        == .unprocessableContent)
    let (_, path) = try await fixture.begin("a.png", Self.png.count)
    #expect(await fixture.call(.patch, path, token, Self.png).status == .badRequest)
    #expect(await fixture.call(.patch, path, token, Self.png, offset: 8).status == .conflict)
    // Somebody else's upload is none of ours.
    #expect(
      await fixture.call(.patch, path, fixture.tokens[0], Self.png, offset: 0).status == .notFound)
    #expect(try await fixture.world.store.files(of: fixture.room.id).isEmpty)
    #expect(fixture.onDisk.count == 1)
  }

  @Test("is for participants alone, each with a credential of its own")
  func credentials() async throws {
    let fixture = try await Fixture()
    let (_, path) = try await fixture.begin("a.png", Self.png.count)
    _ = await fixture.call(.patch, path, fixture.tokens[1], Self.png, offset: 0)
    let patientToken = try await fixture.world.text(fixture.world.token(.patient))
    let made = fixture.tokens[0].dropLast(4) + "aaaa"
    for token in ["", "x", String(made), patientToken] {
      let reply = await fixture.call(.get, path, token)
      #expect(reply.status == .unauthorized || reply.status == .forbidden, "\(token)")
      #expect(await fixture.call(.post, "", token).status == .unauthorized)
    }
    // Who comes later has no part in it; who is out is nobody.
    let late = TestClient(fixture.room)
    let joined = try await late.join(fixture.world.token(.relative))
    #expect(joined.files.isEmpty)
    #expect(await fixture.call(.get, path, joined.resumeToken).status == .notFound)
    try await late.send(.leave)
    #expect(await fixture.call(.get, path, joined.resumeToken).status == .unauthorized)
  }

  @Test("nothing is left on the disk when everybody has gone, nor after a crash")
  func gone() async throws {
    let fixture = try await Fixture()
    let (_, path) = try await fixture.begin("a.png", Self.png.count)
    _ = await fixture.call(.patch, path, fixture.tokens[1], Self.png, offset: 0)
    _ = try await fixture.begin("unfinished.png", 3008)
    #expect(fixture.onDisk.count == 2)
    let mode = try FileManager.default.attributesOfItem(atPath: fixture.folder)[.posixPermissions]
    #expect(mode as? Int == 0o700)
    try await fixture.physician.send(.end)
    for _ in 0..<10_000 where !fixture.onDisk.isEmpty { await Task.yield() }
    #expect(fixture.onDisk.isEmpty)

    try Data([1]).write(to: URL(fileURLWithPath: fixture.folder + "/f_left"))
    _ = try FileShelf(folder: fixture.folder, limits: FileLimits(), kept: [])
    #expect(fixture.onDisk.isEmpty)
  }

  @Test("what is handed over stays for the back end, also after a restart, until its time is over")
  func handover() async throws {
    let fixture = try await Fixture { $0.handover = 3600 }
    let (_, path) = try await fixture.begin("a.png", Self.png.count)
    _ = await fixture.call(.patch, path, fixture.tokens[1], Self.png, offset: 0)
    try await fixture.physician.send(.end)
    let backend = try await fixture.world.text(
      fixture.world.token(.backend, in: nil, identifier: "b"))
    let read = await fixture.call(.get, path, backend)
    #expect(await fixture.content(read) == Self.png)
    let kept = try await fixture.world.store.handedOver(after: fixture.world.clock.wall)
    let shelf = try FileShelf(folder: fixture.folder, limits: FileLimits(), kept: kept)
    #expect(fixture.onDisk.count == 1)
    fixture.world.clock.advance(.seconds(3600))
    let later = try await fixture.world.text(
      fixture.world.token(.backend, in: nil, identifier: "b"))
    #expect(await fixture.call(.get, path, later).status == .notFound)
    await shelf.expire(at: fixture.world.clock.wall)
    #expect(fixture.onDisk.isEmpty)
  }

  @Test(
    "what lies on the disk is sealed: it says nothing, and a change of any of it breaks the reading off"
  )
  func sealed() async throws {
    let parent = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: parent) }
    let key = [UInt8](repeating: 7, count: 32)
    let room = try #require(ConsultationID(rawValue: "room"))
    let (owner, id) = (
      try #require(ParticipantID(rawValue: "p")), try #require(FileID(rawValue: "f_abc"))
    )
    let shelf = try FileShelf(folder: parent, limits: FileLimits(), kept: [])
    let content = Self.png + (0..<150_000).map { UInt8(truncatingIfNeeded: $0 >> 4) }
    try await shelf.begin(
      id, of: owner, in: room, name: "a.png", size: content.count, sum: nil, key: key)
    // In pieces that fit no segment.
    var offset = 0
    for size in [100, 70_000, 65_436, content.count] {
      let piece = Array(content[offset..<min(content.count, offset + size)])
      offset = try await shelf.append(piece, at: offset, to: id, of: owner)
    }
    let whole = try #require(try await shelf.finished(id))
    await shelf.keep(id, until: WallClock(milliseconds: 1))
    let path = parent + "/f_abc"
    let kept = FileRecord(
      id: id, consultation: room, owner: owner, type: whole.content.type, size: content.count,
      sha256: whole.content.sha256, isAside: false, at: WallClock(milliseconds: 0),
      keptUntil: WallClock(milliseconds: 9))
    func read(_ key: [UInt8]?) async throws -> [UInt8] {
      let shelf = try FileShelf(
        folder: parent, limits: FileLimits(), kept: [kept], keys: key.map { [room: $0] } ?? [:])
      let reading = FileReading(id, size: content.count, from: shelf)
      var octets: [UInt8] = []
      while let part = try await reading.next() { octets += part }
      return octets
    }
    #expect(try await read(key) == content)
    let sealed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(sealed.count == content.count + 3 * 16)
    #expect(!sealed.starts(with: Self.png))
    // The key of another, or none: it was erased.
    for wrong in [nil, [UInt8](repeating: 8, count: 32)] {
      await #expect(throws: FileReading.Broken.self) { _ = try await read(wrong) }
    }
    for offset in [0, 65_535, 65_552, 140_000, sealed.count - 1] {
      var changed = sealed
      changed[offset] ^= 1
      try Data(changed).write(to: URL(fileURLWithPath: path))
      await #expect(throws: FileReading.Broken.self, "octet \(offset)") { _ = try await read(key) }
    }
    try Data(sealed.dropLast(1)).write(to: URL(fileURLWithPath: path))
    await #expect(throws: FileReading.Broken.self) { _ = try await read(key) }
  }

  @Test("what is handed over goes when its consultation is erased, and nothing of another one")
  func erased() async throws {
    let fixture = try await Fixture { $0.handover = 3600 }
    let (_, path) = try await fixture.begin("a.png", Self.png.count)
    _ = await fixture.call(.patch, path, fixture.tokens[1], Self.png, offset: 0)
    let kept = try await fixture.world.store.handedOver(after: fixture.world.clock.wall)
    let shelf = try FileShelf(folder: fixture.folder, limits: FileLimits(), kept: kept)
    #expect(await shelf.handedOver == [fixture.room.id])
    await shelf.erase(try #require(ConsultationID(rawValue: "other")))
    #expect(fixture.onDisk.count == 1)
    await shelf.erase(fixture.room.id)
    #expect(fixture.onDisk.isEmpty)
    #expect(await shelf.handedOver.isEmpty)
  }
}

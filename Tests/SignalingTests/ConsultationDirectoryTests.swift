import Consultation
import MediaEngine
import Testing
import Transport
import Wire

@testable import Signaling

@Suite("The directory of rooms")
struct ConsultationDirectoryTests {
  private func refusal(
    _ world: TestWorld, _ name: String, _ token: AccessToken
  ) async throws -> JoinRefusal? {
    let id = try #require(ConsultationID(rawValue: name))
    do throws(JoinRefusal) {
      _ = try await world.directory.checkOut(id, for: token)
      return nil
    } catch {
      return error
    }
  }

  @Test("a consultation that is not in the record has no room, but a load test makes its own")
  func existence() async throws {
    let world = try await TestWorld()
    #expect(try await refusal(world, "nowhere", world.token(.patient))?.close == .notFound)
    #expect(
      try await refusal(world, "bench-1", world.token(.patient, in: "bench-1"))?.close == .notFound)
    #expect(try await refusal(world, "nowhere", world.token(.loadtest, in: nil)) != nil)
    #expect(try await refusal(world, "bench-1", world.token(.loadtest, in: nil)) == nil)
    let id = try #require(ConsultationID(rawValue: "bench-1"))
    #expect(try await world.store.consultation(id)?.countsAsAct == false)
  }

  @Test("callers that come at the same time get the same room")
  func oneRoom() async throws {
    let world = try await TestWorld()
    let token = world.token(.loadtest, in: nil)
    let id = try #require(ConsultationID(rawValue: "bench-1"))
    let rooms = try await withThrowingTaskGroup(of: ObjectIdentifier.self) { group in
      for _ in 0..<20 {
        group.addTask { ObjectIdentifier(try await world.directory.checkOut(id, for: token)) }
      }
      var rooms: Set<ObjectIdentifier> = []
      for try await room in group { rooms.insert(room) }
      return rooms
    }
    #expect(rooms.count == 1)
    #expect(await world.directory.roomCount == 1)
  }

  @Test("a new room goes to the worker that has the fewest participants")
  func placing() async throws {
    let world = try await TestWorld(workerCount: 2)
    let first = try await world.room("one")
    _ = try await world.join(first, .patient)
    _ = try await world.join(first, .physician)
    let second = try await world.room("two")
    #expect(await first.worker.index != second.worker.index)
    let third = try await world.room("three")
    #expect(await third.worker.index == second.worker.index)
  }

  @Test("an empty room is forgotten, one with people is kept, and the record brings it back")
  func forgetting() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let client = try await world.join(room, .patient)
    await world.directory.handleTimeout(at: world.clock.now)
    #expect(await world.directory.roomCount == 1)
    try await client.send(.leave)
    await world.directory.handleTimeout(at: world.clock.now)
    #expect(await world.directory.roomCount == 0)
    let again = try await world.directory.checkOut(room.id, for: world.token(.patient))
    #expect(again !== room)
    // Held by a caller: kept, though nobody is there.
    await world.directory.handleTimeout(at: world.clock.now)
    #expect(await world.directory.roomCount == 1)
    await world.directory.checkIn(room.id)
    await world.directory.handleTimeout(at: world.clock.now)
    #expect(await world.directory.roomCount == 0)
  }

  @Test("the server holds so many rooms and no more")
  func capacity() async throws {
    let world = try await TestWorld { $0.maxRooms = 1 }
    _ = try await world.room("one")
    let id = try #require(ConsultationID(rawValue: "two"))
    try await world.store.open(
      ConsultationRecord(id: id, kind: .direct, createdAt: world.clock.wall))
    let refusal = try await refusal(world, "two", world.token(.patient, in: "two"))
    #expect(refusal?.error.code == .full)
    #expect(refusal?.close == nil)
  }

  @Test("events of rooms that are gone, or never were, are ignored")
  func strayEvents() async throws {
    let world = try await TestWorld()
    await world.directory.handle([
      .peerConnected(PeerID(rawValue: .max), .aeadAES128GCM),
      .peerFailed(PeerID(rawValue: 0), .dtlsError),
      .publicationStarted(PublicationID(rawValue: 7 << 32 | 1)),
    ])
    #expect(await world.directory.roomCount == 0)
  }
}

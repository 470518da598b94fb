import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("A room: coming and going")
struct RoomSessionTests {
  @Test("whoever joins is told the roster, the others are told who came")
  func join() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient, name: "Zoë"))
    #expect(joined.consultation == .init(id: "consultation", kind: "direct", state: "open"))
    #expect(joined.participant.name == "Zoë")
    #expect(joined.roster == [joined.participant])
    #expect(!joined.resumed)
    #expect(joined.resumeSeconds == 60)

    let physician = TestClient(room)
    let second = try await physician.join(world.token(.physician))
    #expect(second.consultation.state == "active")
    #expect(second.roster.map(\.role) == ["patient", "physician"])
    #expect(await patient.messages() == [.participantJoined(second.participant)])
  }

  @Test("a join is written before it is acknowledged")
  func writtenFirst() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let client = TestClient(room)
    world.store.hold()
    let token = world.token(.patient)
    let link = client.link
    let joining = Task { try await room.join(token, on: link, re: nil) }
    while world.store.heldCount == 0 { await Task.yield() }
    #expect(await client.messages().isEmpty)
    #expect(await room.participantCount == 0)
    world.store.release()
    _ = try await joining.value
    #expect(await client.messages().count == 1)
    #expect(try await world.store.participants(of: room.id).count == 1)
  }

  @Test("what cannot be written is not acknowledged and has not happened")
  func unwritten() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    _ = await patient.messages()
    world.store.fail(true)
    let late = TestClient(room)
    await #expect(throws: JoinRefusal.self) { try await late.join(world.token(.relative)) }
    await #expect(throws: SignalingError.self) { try await physician.send(.end) }
    #expect(await patient.messages().isEmpty)
    #expect(await room.participantCount == 2)
    world.store.fail(false)
    try await physician.send(.end)
    #expect(await room.participantCount == 0)
  }

  @Test("who wants to leave leaves, also when it cannot be written; it is written later")
  func leaveUnwritten() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    world.store.fail(true)
    try await patient.send(.leave, re: "7")
    let last = try #require(await patient.messages().last)
    guard case .error(let error, fatal: true, re: "7") = last else {
      Issue.record("\(last)")
      return
    }
    #expect(error.code == .internal)
    #expect(patient.link.closeCode == .internalError)
    #expect(
      await physician.messages()
        == [.participantLeft(participant: try patient.id.rawValue, reason: "left")])
    world.store.fail(false)
    await room.handleTimeout(at: world.clock.now)
    let records = try await world.store.participants(of: room.id)
    #expect(records.first { $0.role == .patient }?.end?.reason == .left)
  }

  @Test("leave: the client gets left and 4410, the others participant-left, the record its reason")
  func leave() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    _ = await patient.messages()
    try await patient.send(.leave, re: "9")
    #expect(await patient.messages() == [.left(re: "9")])
    #expect(patient.link.closeCode == .over)
    #expect(
      await physician.messages()
        == [.participantLeft(participant: try patient.id.rawValue, reason: "left")])
    #expect(
      try await world.store.participants(of: room.id).map(\.end?.reason) == [.left, nil])
    await #expect(throws: SignalingError.self) { try await patient.send(.leave) }
  }

  @Test("only a physician ends the consultation; then all are told and nobody can come back")
  func end() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    _ = await patient.messages()
    await #expect(throws: SignalingError.self) { try await patient.send(.end) }
    try await physician.send(.end, re: "e")
    #expect(await patient.messages().last == .ended(reason: "ended", re: nil))
    #expect(await physician.messages().last == .ended(reason: "ended", re: "e"))
    #expect(patient.link.closeCode == .over)
    #expect(physician.link.closeCode == .over)
    let late = TestClient(room)
    do throws(JoinRefusal) {
      _ = try await room.join(world.token(.patient), on: late.link, re: nil)
      Issue.record("joined an ended consultation")
    } catch {
      #expect(error.close == .over)
    }
    #expect(try await world.store.consultation(room.id)?.state == .ended)
  }

  @Test("the room is full at its limit, and the client may try again")
  func full() async throws {
    let world = try await TestWorld { $0.maxParticipants = 2 }
    let room = try await world.room()
    _ = try await world.join(room, .patient)
    _ = try await world.join(room, .physician)
    let third = TestClient(room)
    do throws(JoinRefusal) {
      _ = try await room.join(world.token(.relative), on: third.link, re: nil)
      Issue.record("joined a full room")
    } catch {
      #expect(error.error.code == .full)
      #expect(error.close == nil)
    }
  }

  @Test("roles that are on no roster cannot join")
  func notAdmitted() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    for role in [ParticipantRole.ops, .backend, .loadtest] {
      do throws(JoinRefusal) {
        _ = try await room.join(world.token(role), on: ClientLink(), re: nil)
        Issue.record("\(role) joined")
      } catch {
        #expect(error.close == .forbidden)
      }
    }
  }

  @Test("a token for one use is good for one join")
  func singleUse() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let token = world.token(.patient, identifier: "once-1", once: true)
    try await TestClient(room).join(token)
    do throws(JoinRefusal) {
      _ = try await room.join(token, on: ClientLink(), re: nil)
      Issue.record("used twice")
    } catch {
      #expect(error == JoinRefusal(TokenRefusal.used))
    }
  }

  @Test("a token for one use is not spent by a join that the room refuses")
  func singleUseKept() async throws {
    let world = try await TestWorld { $0.maxParticipants = 1 }
    let room = try await world.room()
    let first = try await world.join(room, .physician)
    let token = world.token(.patient, identifier: "once-1", once: true)
    await #expect(throws: JoinRefusal.self) { try await TestClient(room).join(token) }
    try await first.send(.leave)
    try await TestClient(room).join(token)
  }

  // MARK: Losing the connection

  @Test("a lost connection leaves the participant on the roster, and resuming brings it back")
  func resume() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    let physician = try await world.join(room, .physician)
    _ = await patient.messages()
    let id = try patient.id.rawValue
    try await patient.disconnect()
    #expect(
      await physician.messages() == [.participantUpdated(participant: id, state: .reconnecting)])
    world.clock.advance(.seconds(59))
    await room.handleTimeout(at: world.clock.now)
    let resumed = try await patient.resume(joined.resumeToken)
    #expect(resumed.resumed)
    #expect(resumed.participant.id == id)
    #expect(resumed.resumeToken == joined.resumeToken)
    #expect(
      await physician.messages() == [.participantUpdated(participant: id, state: .connected)])
    world.clock.advance(.seconds(3600))
    await room.handleTimeout(at: world.clock.now)
    #expect(await room.participantCount == 2)
  }

  @Test("who does not resume in time has left, with that reason")
  func expiry() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    let physician = try await world.join(room, .physician)
    try await patient.disconnect()
    _ = await physician.messages()
    world.clock.advance(.seconds(60))
    await room.handleTimeout(at: world.clock.now)
    #expect(
      await physician.messages()
        == [.participantLeft(participant: try patient.id.rawValue, reason: "connectionLost")])
    await #expect(throws: JoinRefusal.self) { try await patient.resume(joined.resumeToken) }
    #expect(
      try await world.store.participants(of: room.id).map(\.end?.reason)
        == [.connectionLost, nil])
  }

  @Test("resuming while the old connection seems alive closes the old one with 4409")
  func replaced() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    let old = patient.link
    try await patient.resume(joined.resumeToken)
    #expect(old.closeCode == .replaced)
    // The end of the old connection is noticed late: nothing happens.
    await room.connectionLost(try patient.id, on: old)
    world.clock.advance(.seconds(120))
    await room.handleTimeout(at: world.clock.now)
    #expect(await room.participantCount == 1)
  }

  @Test("a resume token of another participant, or a guessed one, is worth nothing")
  func wrongResumeToken() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    let guessed = String(joined.resumeToken.dropLast(4)) + "aaaa"
    await #expect(throws: JoinRefusal.self) { try await patient.resume(guessed) }
  }

  @Test("removing a participant tells it and the others")
  func remove() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    let physician = try await world.join(room, .physician)
    _ = await patient.messages()
    await #expect(throws: SignalingError.self) {
      try await room.remove(patient.id, by: .patient)
    }
    try await room.remove(patient.id, by: .physician)
    #expect(await patient.messages() == [.removed(reason: "removed")])
    #expect(patient.link.closeCode == .over)
    #expect(
      await physician.messages()
        == [.participantLeft(participant: try patient.id.rawValue, reason: "removed")])
  }

  @Test("a physician bans: the bearer goes from all places and comes in no more, others do")
  func ban() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = TestClient(room)
    try await patient.join(world.token(.patient, identifier: "one"))
    let twin = TestClient(room)
    try await twin.join(world.token(.patient, identifier: "one"))
    let relative = TestClient(room)
    try await relative.join(world.token(.relative, identifier: "two"))
    let physician = try await world.join(room, .physician)
    #expect(
      await relative.refusal(of: .remove(participant: try patient.id.rawValue, ban: true))
        == .forbidden)
    #expect(
      await physician.refusal(of: .remove(participant: try physician.id.rawValue, ban: false))
        == .wrongState)
    try await physician.send(.remove(participant: try patient.id.rawValue, ban: true))
    #expect(await room.roster.map(\.role).sorted() == ["physician", "relative"])
    #expect(twin.link.closeCode == .over)
    await #expect(throws: JoinRefusal(TokenRefusal.banned)) {
      try await TestClient(room).join(world.token(.patient, identifier: "one"))
    }
    try await TestClient(room).join(world.token(.patient, identifier: "three"))
    #expect(world.environment.refusals.totals.contains { $0.reason == "banned" && $0.count == 1 })
    let kept = try #require(try await world.store.consultation(room.id))
    #expect(kept.bans.count == 1)
  }

  @Test("at shutdown everyone is told, closed with 4503, and recorded")
  func shutDown() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let patient = try await world.join(room, .patient)
    await world.directory.shutDown()
    guard case .notice(.shuttingDown, _) = try #require(await patient.messages().first) else {
      Issue.record("no notice")
      return
    }
    #expect(patient.link.closeCode == .shuttingDown)
    #expect(
      try await world.store.participants(of: room.id).map(\.end?.reason) == [.serverShutdown])
    await #expect(throws: JoinRefusal.self) {
      try await world.directory.checkOut(room.id, for: world.token(.patient))
    }
  }

  @Test("a client that does not read is cut off, and the others do not wait for it")
  func slowClient() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let slow = TestClient(room)
    _ = try await room.join(world.token(.patient), on: slow.link, re: nil)
    for _ in 0..<ClientLink.capacity {
      let other = try await world.join(room, .relative)
      try await other.send(.leave)
    }
    #expect(slow.link.closeCode == .rateLimited)
  }
}

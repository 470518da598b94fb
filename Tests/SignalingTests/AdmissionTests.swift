import Consultation
import HTTPTypes
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("Admission")
struct AdmissionTests {
  /// Looks of a second each, with the share of time at work; `x` is one with losses at little load.
  @Test(
    "the gate closes on what goes on, opens after it is well over, and does not flap",
    arguments: [
      ([0.1, 0.2, 0.3, 0.2, 0.1], "ooooo"),
      // One burst, two bad seconds: no.
      ([0.95, 0.95, 0.2, 0.2, 0.2, 0.2, 0.2], "ooooooo"),
      ([0.9, 0.9, 0.9], "ooc"),
      ([0.9, 0.2, 0.9, 0.2, 0.9], "ooooc"),
      ([0.9, 0.2, 0.2, 0.9, 0.2, 0.2, 0.9], "ooooooo"),
      // A little below the limit is not well.
      ([0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8], "oocccccccc"),
      ([0.9, 0.9, 0.9, 0.6, 0.6, 0.6, 0.6, 0.6, 0.9, 0.9, 0.9], "oocccccoooc"),
      ([0.9, 0.9, 0.9, 0.6, 0.6, 0.9, 0.6, 0.6, 0.6, 0.6, 0.6], "oocccccccco"),
      // Datagrams that we dropped, at any load.
      ([-1, -1, -1, 0.1, 0.1, 0.1, 0.1, 0.1], "ooccccco"),
      ([-1, 0.1, 0.1, 0.1, 0.1, -1, 0.1], "ooooooo"),
    ])
  func gate(looks: [Double], states: String) {
    var gate = LoadGate(limit: 0.85)
    var seen = ""
    for look in looks {
      gate.note(load: max(look, 0.05), lost: look < 0 ? 3 : 0)
      seen += gate.isOpen ? "o" : "c"
    }
    #expect(seen == states)
    var never = LoadGate(limit: 1)
    for _ in 0..<20 { never.note(load: 1, lost: 9) }
    #expect(never.isOpen)
  }

  /// A worker that is at work for a share of each second.
  private struct Work {
    let world: TestWorld
    let worker: Int
    var busy = MediaDuration.zero

    mutating func go(_ share: Double, seconds: Int) {
      for _ in 0..<seconds {
        world.clock.advance(.seconds(1))
        busy = busy + .microseconds(Int64(share * 1e6))
        world.environment.admission.look(
          at: worker, busy: busy, lost: 0, isReady: true, at: world.clock.now)
      }
    }
  }

  @Test(
    "a full server refuses who is new, with a time, and lets in who comes back or takes a place")
  func limit() async throws {
    let world = try await TestWorld { $0.maxPresent = 2 }
    let room = try await world.room("one")
    let other = try await world.room("two")
    let patient = world.token(.patient, in: "one", identifier: "p")
    let first = TestClient(room)
    try await first.join(patient)
    let second = try await world.join(other, .patient)
    let third = TestClient(room)
    await #expect(throws: JoinRefusal.self) {
      try await third.join(world.token(.physician, in: "one"))
    }
    do throws(JoinRefusal) {
      _ = try await room.join(world.token(.physician, in: "one"), on: ClientLink(), re: nil)
      Issue.record("let in")
    } catch {
      #expect(error.error.code == .busy)
      #expect(error.error.retryAfter == 5)
      #expect(error.close == nil)
    }
    #expect(world.environment.counters[.joinsRefusedLimit] == 2)
    #expect(world.environment.admission.closed == .limit)

    // The connection is lost: the place is kept, and its bearer comes in with the link again.
    try await first.disconnect()
    let back = TestClient(room)
    try await back.join(patient)
    try await back.send(.leave)

    try await second.send(.leave)
    #expect(world.environment.admission.closed == nil)
    try await third.join(world.token(.physician, in: "one"))
  }

  @Test("a refused join does not use up a link that is good once")
  func singleUse() async throws {
    let world = try await TestWorld { $0.maxPresent = 1 }
    let room = try await world.room()
    let first = try await world.join(room, .patient)
    let token = world.token(.physician, identifier: "once", once: true)
    let second = TestClient(room)
    await #expect(throws: JoinRefusal.self) { try await second.join(token) }
    try await first.send(.leave)
    try await second.join(token)
  }

  @Test("WHIP: 503 with Retry-After, and the place is there again after a DELETE")
  func whip() async throws {
    let server = try await TestHTTPServer { $0.maxPresent = 1 }
    _ = try await server.world.room("one")
    let offer = OfferText([.audio("0", "sendonly")]).text
    func publish(_ identifier: String) async throws -> HTTPReply {
      try await server.call(
        .post, "/whip/one", server.world.token(.patient, in: "one", identifier: identifier),
        body: offer, type: "application/sdp")
    }
    let created = try await publish("a")
    #expect(created.status == .created)
    let refused = try await publish("b")
    #expect(refused.status == .serviceUnavailable)
    #expect(refused.headers[.retryAfter] == "5")
    #expect(String(decoding: refused.body, as: UTF8.self).contains(#""code":"busy""#))
    let location = try #require(created.headers[.location])
    _ = try await server.call(
      .delete, location, server.world.token(.patient, in: "one", identifier: "a"))
    #expect(try await publish("b").status == .created)
  }

  @Test(
    "a worker at its limit takes nobody new, but load tests and who comes back; another one does")
  func load() async throws {
    let world = try await TestWorld(workerCount: 2)
    let admission = world.environment.admission
    let room = try await world.room("one")
    let patient = try await world.join(room, .patient)
    let other = try await world.room("two")
    #expect(other.workerIndex != room.workerIndex)
    _ = try await world.join(other, .patient)
    _ = try await world.join(other, .physician)
    var work = Work(world: world, worker: room.workerIndex)
    work.go(0.95, seconds: 5)
    var rest = Work(world: world, worker: other.workerIndex)
    rest.go(0.1, seconds: 5)
    #expect(!admission.isOpen(room.workerIndex))
    #expect(admission.closed == nil)
    await #expect(throws: JoinRefusal.self) { try await world.join(room, .physician) }
    #expect(world.environment.counters[.joinsRefusedLoad] == 1)
    #expect(admission.take(on: room.workerIndex, isReturning: false, isLoadTest: true) == nil)
    #expect(admission.take(on: room.workerIndex, isReturning: true, isLoadTest: false) == nil)
    // Fewer people are on the worker that has no room.
    let third = try await world.room("three")
    #expect(third.workerIndex == other.workerIndex)
    #expect(patient.link.closeCode == nil)
    work.go(0.2, seconds: 6)
    _ = try await world.join(room, .physician)
  }
}

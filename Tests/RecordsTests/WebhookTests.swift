import Consultation
import Foundation
import GRDB
import Testing

@testable import Records

@Suite("Webhooks")
struct WebhookTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("records.sqlite")
  }

  private struct Body: Decodable {
    struct Content: Decodable {
      var sequence: Int64
      var consultation: String
      var participant: String?
      var reason: String?
    }
    var type: String
    var data: Content
  }

  /// The events that are due, taken one after the other.
  private func taken(_ database: RecordDatabase, at now: Int64 = 1_000_000) async throws -> [Body] {
    var bodies: [Body] = []
    while let event = try await database.dueWebhooks(at: moment(now), limit: 1, busy: []).first {
      bodies.append(try JSONDecoder().decode(Body.self, from: Data(event.content.utf8)))
      try await database.webhookDelivered(event.number, at: moment(now))
    }
    return bodies
  }

  @Test("are signed as Standard Webhooks has it, in its own example")
  func signature() throws {
    let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    #expect(
      secret.signature(
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330,
        body: Array(#"{"test": 2432232314}"#.utf8))
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    for text in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_???"] {
      #expect(WebhookSecret(text) == nil)
    }
  }

  @Test("tell everything in order, and pair each join with a leave, also after a crash")
  func pairs() async throws {
    let database = try RecordDatabase(path: path, tellsWebhooks: true)
    var room = try await opened("room", in: database)
    let (ann, bob) = (try participantID("ann"), try participantID("bob"))
    func append(_ effects: [RoomEffect], _ at: Int64) async throws {
      try await database.append(effects, to: room.id, at: moment(at))
    }
    try await append(room.join(ann, role: .patient, name: nil, at: moment(1)), 1)
    try await append(room.join(bob, role: .physician, name: nil, at: moment(2)), 2)
    try await append(room.leave(bob, reason: .left), 3)
    // Killed here.
    try database.close()
    let again = try RecordDatabase(path: path, tellsWebhooks: true)
    try await again.closeWhatWasOpen(reason: .serverCrash, at: moment(4))
    try await again.end(room.id, reason: .ended, at: moment(5))
    let bodies = try await taken(again)
    #expect(bodies.map(\.data.sequence) == Array(1...Int64(bodies.count)))
    #expect(
      bodies.map(\.type) == [
        "consultation.created", "sitting.began", "participant.joined", "participant.joined",
        "participant.left", "participant.left", "sitting.ended", "consultation.ended",
      ])
    #expect(
      bodies.filter { $0.type == "participant.left" }.map(\.data.reason) == ["left", "serverCrash"])
  }

  @Test("an event is there with what it tells or not at all")
  func sameTransaction() async throws {
    let database = try RecordDatabase(path: path, tellsWebhooks: true)
    var room = try await opened("room", in: database)
    let ann = try participantID("ann")
    let effects = try room.join(ann, role: .patient, name: nil, at: moment(1))
    await #expect(throws: RecordStoreError.self) {
      // Twice the same presence: the second breaks the transaction.
      try await database.append(effects + effects, to: room.id, at: moment(1))
    }
    #expect(try await taken(database).map(\.type) == ["consultation.created"])
  }

  @Test(
    "wait behind the one that was not taken, of their consultation alone; are given up after a day")
  func order() async throws {
    let database = try RecordDatabase(path: path, tellsWebhooks: true)
    for name in ["a", "b"] {
      var room = try await opened(name, in: database)
      try await database.append(
        room.join(participantID("ann"), role: .patient, name: nil, at: moment(1)), to: room.id,
        at: moment(1))
    }
    let due = try await database.dueWebhooks(at: moment(10), limit: 8, busy: [])
    #expect(due.map(\.number) == [1, 4])
    #expect(
      try await database.dueWebhooks(at: moment(10), limit: 8, busy: [due[0].consultation])
        .map(\.number) == [4])
    try await database.webhookFailed(1, next: moment(5000), at: moment(10))
    try await database.webhookDelivered(4, at: moment(10))
    let next = try await database.dueWebhooks(at: moment(4999), limit: 8, busy: [])
    #expect(next.map(\.number) == [5])
    try await database.webhookFailed(1, next: nil, at: moment(5000))
    let after = try await database.dueWebhooks(at: moment(5000), limit: 8, busy: [])
    #expect(after.map(\.number) == [2, 5])
    let state = try await database.webhooks()
    #expect(state?.givenUp == 1 && state?.pending == 4 && state?.last == 6)
    #expect(try await database.replayWebhooks(from: 1, to: 4, at: moment(6000)) == 4)
    #expect(
      try await database.dueWebhooks(at: moment(6000), limit: 8, busy: []).map(\.number) == [1, 4])
    #expect(try await database.webhooks()?.givenUp == 0)
  }

  @Test("waits get twice as long, half an hour at most, and longer where the receiver asks")
  func waits() {
    let waits = (0..<12).map { WebhookDispatcher.wait(5, attempts: $0, asked: nil) }
    #expect(waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800])
    #expect(WebhookDispatcher.wait(5, attempts: 0, asked: 60) == 60)
    #expect(WebhookDispatcher.wait(5, attempts: 0, asked: 999_999) == 3600)
    #expect(WebhookDispatcher.wait(5, attempts: 99, asked: -1) == 1800)
  }

  @Test("without one nothing is kept; who was told of before is told to have left all the same")
  func off() async throws {
    let database = try RecordDatabase(path: path, tellsWebhooks: true)
    var room = try await opened("room", in: database)
    let (ann, bob) = (try participantID("ann"), try participantID("bob"))
    try await database.append(
      room.join(ann, role: .patient, name: nil, at: moment(1)), to: room.id, at: moment(1))
    try database.close()
    let without = try RecordDatabase(path: path)
    #expect(try await without.webhooks() == nil)
    try await without.append(
      room.join(bob, role: .physician, name: nil, at: moment(2)), to: room.id, at: moment(2))
    try await without.closeWhatWasOpen(reason: .serverCrash, at: moment(3))
    let told = try await taken(without)
    #expect(told.map(\.type).suffix(2) == ["participant.joined", "participant.left"])
    #expect(told.last?.data.participant == "ann")
  }
}

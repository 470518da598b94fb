import Consultation
import MediaEngine
import Testing
import Wire

@testable import Signaling

@Suite("Chat and asides in a room")
struct ChatTests {
  private func texts(_ messages: [ServerMessage]) -> [String] {
    messages.compactMap { if case .chat(let entry, _) = $0 { entry.text } else { nil } }
  }

  @Test("a text comes to everyone inside once, and as the reply to who wrote it")
  func story() async throws {
    let world = try await TestWorld()
    let room = try await world.room(waitingRoom: true)
    let physician = try await world.join(room, .physician, name: "Dr Martin")
    let patient = try await world.join(room, .patient)
    #expect(await patient.refusal(of: .chat(text: "hello?")) == .wrongState)
    #expect(await physician.refusal(of: .chat(text: "alone")) == .wrongState)
    try await physician.send(.admit(participant: try patient.id.rawValue))
    _ = await (physician.messages(), patient.messages())

    try await physician.send(.chat(text: " Bonjour "), re: "c")
    let entry = ChatMessage(
      id: "1", participant: try physician.id.rawValue, role: "physician", name: "Dr Martin",
      text: "Bonjour", at: world.clock.wall.description, aside: false,
      to: [try patient.id.rawValue])
    #expect(await physician.messages() == [.chat(entry, re: "c")])
    #expect(await patient.messages() == [.chat(entry, re: nil)])
    #expect(await patient.refusal(of: .chat(text: "\u{7}")) == .badField)
    // The record has that, not what.
    let written = world.store.effects.filter { if case .wrote = $0 { true } else { false } }
    #expect(written == [.wrote(try physician.id, to: [try patient.id])])
  }

  @Test("who resumes finds what could be read before, who joins anew nothing")
  func resume() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    let patient = TestClient(room)
    let joined = try await patient.join(world.token(.patient))
    #expect(joined.chat.isEmpty)
    try await physician.send(.chat(text: "one"))
    try await patient.disconnect()
    try await physician.send(.chat(text: "two"))
    #expect(try await patient.resume(joined.resumeToken).chat.map(\.text) == ["one", "two"])
    let late = TestClient(room)
    #expect(try await late.join(world.token(.relative)).chat.isEmpty)
  }

  @Test("ten texts at once and one a second for long")
  func rate() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    _ = try await world.join(room, .patient)
    for number in 0..<10 {
      #expect(await physician.refusal(of: .chat(text: "\(number)")) == nil)
    }
    #expect(await physician.refusal(of: .chat(text: "more")) == .rateLimited)
    world.clock.advance(.seconds(1))
    #expect(await physician.refusal(of: .chat(text: "more")) == nil)
  }

  @Test("an aside ends the edges on the worker at once, tells each what it is, and gives them back")
  func aside() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    let patient = try await world.join(room, .patient)
    let expert = try await world.join(room, .expert)
    let both = OfferText([.audio("0", "sendonly"), .audio("1", "recvonly")])
    let voice = try await patient.offer(both, [.publish("0", "microphone")])[0].publication
    let words = try await physician.offer(
      both, [.publish("0", "microphone"), .subscribe("1", voice)])
    _ = try await patient.offer(
      both, [.publish("0", "microphone"), .subscribe("1", words[0].publication)])
    _ = world.workers[0].take()
    for client in [physician, patient, expert] { _ = await client.messages() }

    try await physician.send(.aside(isActive: true), re: "a")
    let unbound = world.workers[0].take().count {
      if case .bindSubscription(_, nil) = $0 { true } else { false }
    }
    #expect(unbound == 2)
    let toPatient = await patient.messages()
    #expect(toPatient.first == .aside(.outside))
    #expect(
      toPatient.contains(
        .unpublished(
          participant: try physician.id.rawValue, publication: words[0].publication, re: nil)))
    #expect(await expert.messages().first == .aside(.inside))
    #expect(await physician.messages().last == .accepted(re: "a"))
    #expect(await patient.refusal(of: .aside(isActive: false)) == .forbidden)
    #expect(await patient.refusal(of: .chat(text: "anyone?")) == .wrongState)
    try await expert.send(.chat(text: "between us"))
    #expect(texts(await physician.messages()) == ["between us"])
    #expect(texts(await patient.messages()).isEmpty)
    // Who offers during it gets nothing either.
    let offered = try await patient.offer(
      both, [.publish("0", "microphone"), .subscribe("1", words[0].publication)])
    #expect(offered.allSatisfy { $0.direction == .publish })

    let late = TestClient(room)
    #expect(try await late.join(world.token(.relative)).aside == .outside)
    try await physician.send(.aside(isActive: false))
    let after = await patient.messages()
    #expect(after.contains(.aside(.none)))
    #expect(
      after.contains {
        if case .published(_, let one, _) = $0 { one.source == "microphone" } else { false }
      })
    #expect(texts(after).isEmpty)
  }

  @Test("an aside does not wait for the disk")
  func slowDisk() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    let patient = try await world.join(room, .patient)
    let voice = try await physician.offer(
      OfferText([.audio("0", "sendonly")]), [.publish("0", "microphone")])[0].publication
    _ = try await patient.offer(
      OfferText([.audio("0", "recvonly")]), [.subscribe("0", voice)])
    _ = world.workers[0].take()
    world.store.hold()
    async let begun: Void = physician.send(.aside(isActive: true))
    while world.store.heldCount == 0 { await Task.yield() }
    let unbound = world.workers[0].take().count {
      if case .bindSubscription(_, nil) = $0 { true } else { false }
    }
    #expect(unbound == 1)
    world.store.release()
    try await begun
  }

  @Test("when the last physician is lost during an aside, those on hold are taken off it")
  func abandoned() async throws {
    let world = try await TestWorld()
    let room = try await world.room()
    let physician = try await world.join(room, .physician)
    let patient = try await world.join(room, .patient)
    try await physician.send(.aside(isActive: true))
    _ = await patient.messages()
    try await physician.send(.leave)
    #expect(
      await patient.messages() == [
        .participantLeft(participant: try physician.id.rawValue, reason: "left"), .aside(.none),
      ])
  }
}

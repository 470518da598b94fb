import MediaEngine
import Signaling
import Testing
import Transport
import Wire

@Suite("Trickle fragments in a session")
struct TrickleFragmentNegotiationTests {
  private func session() throws -> NegotiationStateMachine {
    var machine = try NegotiationFixtures.machine()
    _ = try machine.answer(
      offer: OfferText([.data("d"), .audio("a", "sendonly"), .video("v", "sendonly")]).text,
      bindings: [], unbound: .publish)
    return machine
  }

  @Test("Candidates need no answer, whether they repeat the credentials or not")
  func candidates() throws {
    var machine = try session()
    let before = machine.localCredentials
    for head in [
      "", "a=ice-ufrag:them\r\n", "a=ice-ufrag:them\r\na=ice-pwd:theirpasswordtheirpassword\r\n",
    ] {
      let fragment =
        head + "m=audio 9 RTP/AVP 0\r\na=mid:a\r\n"
        + "a=candidate:1 1 udp 1 192.0.2.9 5 typ host\r\na=end-of-candidates\r\n"
      #expect(try machine.apply(fragment: fragment) == nil)
    }
    #expect(machine.localCredentials == before)
  }

  @Test("New credentials restart ICE, and the next offer goes on from there")
  func restart() throws {
    var machine = try session()
    let answer = try #require(
      try machine.apply(
        fragment: """
          a=ice-options:trickle
          a=group:BUNDLE a v
          m=audio 9 UDP/TLS/RTP/SAVPF 111
          a=mid:a
          a=ice-ufrag:anew
          a=ice-pwd:anotherpasswordanotherpass
          """))
    #expect(answer.peer == machine.peer)
    #expect(answer.local == machine.localCredentials)
    #expect(answer.local.usernameFragment == "ours2")
    #expect(answer.remote.usernameFragment == "anew")
    #expect(answer.commands.count == 1)
    let fragment = try TrickleFragment.parse(answer.fragment)
    #expect(fragment.iceUsernameFragment == "ours2")
    #expect(fragment.icePassword == answer.local.password)
    #expect(fragment.candidates == NegotiationFixtures.candidates)
    #expect(fragment.isEndOfCandidates)
    #expect(fragment.sections.map(\.mid) == ["a"])
    #expect(fragment.attributes.contains(.group(.bundle(["a", "v"]))))

    var offer = OfferText([.data("d"), .audio("a", "sendonly"), .video("v", "sendonly")])
    offer.usernameFragment = "anew"
    offer.password = "anotherpasswordanotherpass"
    let result = try machine.answer(offer: offer.text, bindings: [], unbound: .publish)
    #expect(result.transport == .unchanged)
  }

  @Test("What belongs to no session or another one is refused")
  func refused() throws {
    var fresh = try NegotiationFixtures.machine()
    #expect(throws: NegotiationError.noSession) { try fresh.apply(fragment: "a=mid:0") }
    var machine = try session()
    #expect(throws: NegotiationError.fragmentForOtherSession) {
      try machine.apply(fragment: "a=ice-ufrag:stale\r\n")
    }
    #expect(throws: NegotiationError.iceCredentialsInvalid) {
      try machine.apply(fragment: "a=ice-ufrag:ok/+\r\na=ice-pwd:short\r\n")
    }
    let error = #expect(throws: NegotiationError.self) { try machine.apply(fragment: "garbage") }
    guard case .malformed = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}

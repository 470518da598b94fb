import Consultation
import MediaEngine
import Signaling
import Testing
import Wire

/// Whatever is offered, the machine answers or throws; an answer always parses and keeps the order.
@Suite("Hostile offers")
struct HostileOfferTests {
  private func offer(_ text: String, to machine: inout NegotiationStateMachine, _ seed: UInt64) {
    let unbound: UnboundSections =
      seed % 2 == 0
      ? .publish
      : .play([PlayableTrack(publication: PublicationID(rawValue: 1), kind: .video)], stream: "p")
    guard let result = try? machine.answer(offer: text, bindings: [], unbound: unbound) else {
      return
    }
    do {
      let answer = try SessionDescription.parse(result.answer)
      let offer = try SessionDescription.parse(text)
      #expect(answer.sections.map(\.mid) == offer.sections.map(\.mid))
      #expect(answer.sections.map(\.media) == offer.sections.map(\.media))
    } catch {
      Issue.record("seed \(seed): \(error)")
    }
  }

  @Test(
    "Lines of offers dropped, doubled, swapped and spoilt", arguments: NegotiationFixtures.names)
  func mutations(name: String) throws {
    let lines = NegotiationFixtures.text(name).split(whereSeparator: \.isNewline).map(String.init)
    for seed in 0..<6 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      var machine = try NegotiationFixtures.machine()
      var mutated = lines
      // Every few mutations an offer, so that broken ones arrive as re-offers too.
      for round in 1...12 {
        let at = Int.random(in: 0..<mutated.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: if mutated.count > 5 { mutated.remove(at: at) }
        case 1: mutated.insert(mutated[at], at: at)
        case 2: mutated.swapAt(at, Int.random(in: 0..<mutated.count, using: &random))
        case 3:
          let other = mutated[Int.random(in: 0..<mutated.count, using: &random)]
          mutated[at] = String(mutated[at].prefix(8) + other.dropFirst(8))
        default:
          var octets = Array(mutated[at].utf8)
          octets[Int.random(in: 0..<octets.count, using: &random)] = UInt8.random(
            in: 0x20...0x7E, using: &random)
          mutated[at] = String(decoding: octets, as: UTF8.self)
        }
        if round % 3 == 0 {
          offer(mutated.map { $0 + "\r\n" }.joined(), to: &machine, seed)
        }
      }
    }
  }

  @Test("Truncations of an offer, each answered by one machine")
  func truncations() throws {
    let octets = Array(NegotiationFixtures.text("firefox153-offer-sendrecv-av").utf8)
    var machine = try NegotiationFixtures.machine()
    for length in stride(from: 0, through: octets.count, by: 7) {
      offer(String(decoding: octets[..<length], as: UTF8.self), to: &machine, UInt64(length))
    }
  }

  @Test("As many sections as the parser takes, each with as many sources as fit")
  func many() throws {
    var machine = try NegotiationFixtures.machine()
    let sections = (0..<SDPLimits.sections).map { index in
      OfferText.Section.video(
        "\(index)", "sendrecv", h264: false,
        lines: (0..<20).map { "a=ssrc:\(index * 100 + $0) c" })
    }
    let result = try machine.answer(
      offer: OfferText(sections).text, bindings: [], unbound: .publish)
    #expect(result.addedPublications.count == SDPLimits.sections)
    #expect(result.addedPublications.allSatisfy { $0.parameters.declaredSources.count == 16 })
  }
}

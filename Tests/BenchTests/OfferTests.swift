import Testing
import Transport
import Wire

@testable import Bench

@Suite struct OfferTests {
  private func sections() throws -> OfferedSections {
    var secret = SecretRandom()
    let certificate = try DTLSCertificate.generate()
    var sections = OfferedSections(
      local: ICECredentials.random(from: &secret), fingerprint: certificate.fingerprint, seed: 1)
    sections.use(.send(source: "microphone"), isVideo: false)
    sections.use(.send(source: "camera"), isVideo: true)
    sections.use(.receive(publication: "a1"), isVideo: false)
    sections.use(.receive(publication: "v1"), isVideo: true)
    return sections
  }

  @Test("an offer is a session description that our own parser reads")
  func offer() throws {
    var sections = try sections()
    let offer = try SessionDescription.parse(sections.offer())
    #expect(offer.sections.map(\.media) == ["audio", "video", "audio", "video"])
    #expect(offer.groups.first?.mids == ["0", "1", "2", "3"])
    #expect(offer.sections.map(\.direction) == [.sendonly, .sendonly, .recvonly, .recvonly])
    #expect(offer.sections.allSatisfy { $0.isRTCPMux && $0.attributes.setup == .actpass })
    #expect(offer.sections[1].sourceGroups.first?.sources.count == 2)
    #expect(offer.sections[1].feedback(96).contains("nack pli"))
    #expect(offer.sections[3].sources.isEmpty)
    #expect(
      CertificateFingerprint(sdp: try #require(offer.sections[0].attributes.fingerprints.first))
        == sections.fingerprint)
    let again = try SessionDescription.parse(sections.offer())
    #expect(again.origin.sessionID == offer.origin.sessionID)
    #expect(again.origin.sessionVersion != offer.origin.sessionVersion)
    #expect(again.sections[1].sources == offer.sections[1].sources)
  }

  @Test("a section that nobody needs any more is used again for the next track of its kind")
  func reuse() throws {
    var sections = try sections()
    sections.release(publication: "v1")
    #expect(
      try SessionDescription.parse(sections.offer()).sections[3].direction == .inactive)
    sections.use(.receive(publication: "a2"), isVideo: false)
    sections.use(.receive(publication: "v2"), isVideo: true)
    #expect(sections.sections.count == 5)
    #expect(sections.sections[3].use == .receive(publication: "v2"))
  }

  /// An answer as a lite server gives it.
  private func answer(to offer: SessionDescription, fingerprint: String) -> SessionDescription {
    var answer = SessionDescription(origin: SessionOrigin(sessionID: "1", sessionVersion: "1"))
    answer.attributes = [.group(.bundle(offer.sections.compactMap(\.mid))), .iceLite]
    answer.sections = offer.sections.enumerated().map { i, section in
      var answered = MediaDescription(
        media: section.media, port: 5000, transport: section.transport,
        formats: section.media == "video" ? ["96", "97"] : ["111"])
      let direction = (section.direction ?? .sendrecv).reversed
      answered.attributes = [
        .mid(section.mid ?? ""), .direction(direction), .rtcpMux, .setup(.passive),
        .iceUsernameFragment("srvr"), .icePassword("0123456789012345678901"),
        .fingerprint(fingerprint),
        .extensionMap(
          ExtensionMapEntry(id: 3, direction: nil, uri: HeaderExtension.transportWideCC.uri)),
      ]
      if section.media == "video" {
        answered.attributes.append(.feedback(FeedbackAttribute(payloadType: 96, feedback: "nack")))
      }
      if direction.sends {
        let sources = [SSRC(UInt32(100 * i)), SSRC(UInt32(100 * i + 1))]
        if section.media == "video" {
          answered.attributes.append(.sourceGroup(SourceGroup(semantics: "FID", sources: sources)))
        }
        answered.attributes.append(
          .source(SourceAttribute(ssrc: sources[0], name: "cname", value: "x")))
      }
      if i == 0 {
        let candidates: [(String, UInt32)] = [
          ("192.0.2.1", 30), ("127.0.0.1", 20), ("2001:db8::1", 40), ("::1", 10),
        ]
        answered.attributes += candidates.compactMap { text, priority in
          IPAddress(text: text).map {
            .candidate(
              ICECandidate(
                foundation: "1", component: 1, transport: .udp, priority: priority,
                host: .address($0), port: 5000, kind: .host))
          }
        }
      }
      return answered
    }
    return answer
  }

  @Test("an answer says what to send, what comes, and where the server is")
  func reading() throws {
    var sections = try sections()
    let offer = try SessionDescription.parse(sections.offer())
    let text = answer(to: offer, fingerprint: sections.fingerprint.sdp).description
    let loopback = try #require(IPAddress(text: "127.0.0.1"))
    let reading = try AnswerReading(
      text, to: sections, preferred: loopback,
      content: {
        $0 ? .vp8(kilobitsPerSecond: 1500, framesPerSecond: 30) : .opus(octets: 80)
      }, tag: { UInt32($0) ?? 0 })
    #expect(reading.candidates.map(\.ip.description) == ["127.0.0.1", "::1"])
    #expect(reading.outbound.map(\.mid) == ["0", "1"])
    #expect(reading.outbound[0].retransmission == nil)
    #expect(reading.outbound[1].retransmission?.payloadType == 97)
    #expect(reading.outbound[1].ssrc == sections.sections[1].ssrc)
    #expect(reading.inbound.map(\.mid) == ["2", "3"])
    #expect(reading.inbound[1].ssrc == SSRC(300))
    #expect(reading.inbound[1].retransmission?.ssrc == SSRC(301))
    #expect(reading.inbound.map(\.usesNACK) == [false, true])
    #expect(reading.extensions[.transportWideCC] == 3)
    #expect(reading.extensions[.mid] == nil)

    let away = try AnswerReading(
      text, to: sections, preferred: IPAddress(text: "198.51.100.7"),
      content: { _ in .opus(octets: 80) }, tag: { _ in 0 })
    #expect(away.candidates.map(\.ip.description) == ["192.0.2.1", "2001:db8::1"])
  }

  @Test("an answer without what is needed is told what it lacks")
  func lacking() throws {
    var sections = try sections()
    let offer = try SessionDescription.parse(sections.offer())
    let whole = answer(to: offer, fingerprint: sections.fingerprint.sdp).description
    for (line, word) in [
      ("a=ice-pwd", "credentials"), ("a=fingerprint", "fingerprint"), ("a=candidate", "candidate"),
    ] {
      let cut =
        whole.split(separator: "\r\n").filter { !$0.hasPrefix(line) }
        .joined(separator: "\r\n") + "\r\n"
      let complaint = #expect(throws: ServerComplaint.self) {
        try AnswerReading(
          cut, to: sections, preferred: nil, content: { _ in .opus(octets: 80) }, tag: { _ in 0 })
      }
      #expect(complaint?.description.contains(word) == true)
    }
  }
}

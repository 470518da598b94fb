import Testing

@testable import Wire

@Suite("Session descriptions")
struct SessionDescriptionTests {
  @Test("The fixtures are there")
  func fixturesAreThere() {
    #expect(SDPFixtures.names.count == 46)
  }

  @Test("Every fixture parses, and its text parses to the same value", arguments: SDPFixtures.names)
  func roundTrip(name: String) throws {
    let parsed = try SessionDescription.parse(SDPFixtures.text(name))
    #expect(!parsed.sections.isEmpty)
    let again = try SessionDescription.parse(parsed.description)
    #expect(again == parsed)
    #expect(again.description == parsed.description)
  }

  @Test(
    "Nothing of a fixture is lost: the text has every line that went in",
    arguments: SDPFixtures.names)
  func nothingIsLost(name: String) throws {
    let text = SDPFixtures.text(name)
    let lines = { (text: String) in
      text.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }).map { String(Substring($0)) }
        .filter { $0.dropFirst().first == "=" }
    }
    let written = Set(lines(try SessionDescription.parse(text).description).map { $0.lowercased() })
    for line in lines(text) {
      // fmtp and extmap are written without the spaces that GStreamer or others put in.
      #expect(written.contains(line.lowercased()), "\(line)")
    }
  }

  @Test("A Chromium offer gives its parts")
  func chromiumParts() throws {
    let session = try SessionDescription.parse(
      SDPFixtures.text("chromium156-offer-sendonly-av.sdp"))
    #expect(session.groups == [.bundle(["0", "1"])])
    #expect(session.sections.map(\.mid) == ["0", "1"])
    #expect(session.sections.map(\.media) == ["audio", "video"])
    #expect(session.sections.allSatisfy { $0.isRTCPMux && $0.isRTCPReducedSize })
    #expect(session.sections.allSatisfy { session.direction(of: $0) == .sendonly })
    let video = session.sections[1]
    #expect(video.sources.count == 2)
    #expect(video.sourceGroups.map(\.semantics) == ["FID"])
    #expect(video.sourceGroups[0].sources == video.sources)
    #expect(video.rtpMaps.first?.encoding == "VP8")
    #expect(video.formatParameters(97)?["apt"] == "96")
    #expect(
      video.feedback(96) == ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"])
    #expect(video.extensionMaps.contains { $0.id == 4 && $0.uri == HeaderExtension.mid.uri })
    #expect(session.sections[0].attributes.setup == .actpass)
    #expect(session.sections[0].candidates.count == 8)
    #expect(session.sections[0].formatParameters(111)?["useinbandfec"] == "1")
  }

  @Test("A bundle-only section with port 0 is not stopped; directions and fingerprints inherit")
  func firefoxParts() throws {
    let session = try SessionDescription.parse(
      SDPFixtures.text("firefox153-offer-recvonly-av.sdp"))
    let video = session.sections[1]
    #expect(video.port == 0)
    #expect(video.isBundleOnly)
    #expect(!video.isStopped)
    #expect(session.attributes.direction == .sendrecv)
    #expect(session.direction(of: video) == .recvonly)
    #expect(session.attributes.fingerprints.count == 1)
    #expect(session.attributes.iceOptions == ["trickle"])
    #expect(
      session.sections[0].extensionMaps.contains {
        $0.id == 2 && $0.direction == .recvonly
          && $0.uri == "urn:ietf:params:rtp-hdrext:csrc-audio-level"
      })
  }

  @Test("Simulcast and rids are typed")
  func simulcast() throws {
    let session = try SessionDescription.parse(
      SDPFixtures.text("chromium156-offer-simulcast-rids-only-VP8.sdp"))
    let attributes = session.sections[1].attributes
    #expect(attributes.contains(.restriction(RestrictionIdentifier(id: "q", direction: .send))))
    let stream = { [SimulcastDescription.Alternative(rid: $0)] }
    #expect(
      attributes.contains(
        .simulcast(
          SimulcastDescription(send: [stream("q"), stream("h"), stream("f")], receive: []))))
  }

  @Test("Alternatives and paused streams of simulcast survive")
  func simulcastAlternatives() throws {
    let value = "send 1,~4;2;3 recv 5"
    let simulcast = try #require(SimulcastDescription(value: Substring(value)))
    #expect(simulcast.send.map(\.count) == [2, 1, 1])
    #expect(simulcast.send[0][1].isPaused)
    #expect(simulcast.receive == [[.init(rid: "5")]])
    #expect(simulcast.value == value)
  }

  @Test("LF, CRLF and mixed line ends are the same")
  func lineEnds() throws {
    let text = SDPFixtures.text("chromium156-offer-sendonly-av.sdp")
    let bare = String(decoding: text.utf8.filter { $0 != 13 }, as: UTF8.self)
    #expect(try SessionDescription.parse(bare) == SessionDescription.parse(text))
  }

  @Test("Attributes may stand in any order")
  func anyOrder() throws {
    let session = try SessionDescription.parse(
      """
      v=0
      o=- 1 1 IN IP4 0.0.0.0
      s=-
      t=0 0
      a=group:BUNDLE a
      m=audio 9 UDP/TLS/RTP/SAVPF 96
      a=fmtp:96 useinbandfec=1; minptime=10
      a=rtcp-fb:* transport-cc
      a=rtpmap:96 opus/48000/2
      a=mid:a
      c=IN IP6 ::
      b=AS:64
      """)
    let audio = try #require(session.sections.first)
    #expect(audio.mid == "a")
    #expect(audio.formatParameters(96)?["minptime"] == "10")
    #expect(audio.feedback(96) == ["transport-cc"])
    #expect(audio.connection == SDPConnection(isIPv6: true, address: "::"))
    #expect(audio.bandwidths == ["AS:64"])
  }

  @Test("Old simulcast syntax and unknown candidates do not turn a client away")
  func lenient() throws {
    let session = try SessionDescription.parse(
      """
      v=0
      o=- 1 1 IN IP4 0.0.0.0
      s=-
      t=0 0
      m=video 9 UDP/TLS/RTP/SAVPF 96
      a=simulcast: send rid=a;b
      a=candidate:1 1 sctp 1 192.0.2.1 9 typ host
      a=fmtp:webrtc-datachannel x=y
      """)
    #expect(
      session.sections[0].attributes.allSatisfy {
        if case .other = $0 { true } else { false }
      })
  }

  @Test(
    "A wrong line is named, with what would be right",
    arguments: [
      ("", 1, SDPError.Problem.missingLine, "v=0"),
      ("v=1", 1, .missingLine, "v=0"),
      ("v=0\r\n", 2, .missingLine, "o="),
      ("v=0\no=- x 1 IN IP4 0.0.0.0", 2, .malformedValue, "o=<username>"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\nq=1", 3, .unexpectedLine, "s="),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\nhello", 3, .notALine, "a letter"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\nc=IP4", 3, .malformedValue, "c=IN IP4"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio x RTP 0", 3, .malformedValue, "m=<media>"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 70000 RTP 0", 3, .malformedValue, "m=<media>"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 9 RTP", 3, .malformedValue, "m=<media>"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 9 RTP 0\nt=0 0", 4, .unexpectedLine, "c="),
      (
        "v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 9 RTP 0\na=rtpmap:128 x/1", 4, .malformedValue,
        "0 to 127"
      ),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\na=setup:maybe", 3, .malformedValue, "actpass"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\na=mid", 3, .malformedValue, "a=mid"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\na=mid:a b", 3, .malformedValue, "a=mid"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\na=extmap:0 urn:x", 3, .malformedValue, "a=extmap"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\na=ssrc:4294967296 cname:x", 3, .malformedValue, "a=ssrc"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\na=ssrc-group:FID 1 -2", 3, .malformedValue, "ssrc-group"),
      ("v=0\no=- 1 1 IN IP4 0.0.0.0\na=x\u{0}", 3, .notALine, "NUL"),
    ])
  func wrongLine(text: String, line: Int, problem: SDPError.Problem, expected: String) throws {
    let error = try #require(throws: SDPError.self) { try SessionDescription.parse(text) }
    #expect(error.line == line)
    #expect(error.problem == problem)
    #expect(error.description.contains(expected), "\(error)")
  }

  @Test("Text that a tool printed after the description is ignored, text inside is not")
  func trailingText() throws {
    let head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    let section = "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
    let session = try SessionDescription.parse(head + section + "{\"ok\": false}\r\n")
    #expect(session.sections.count == 1)
    #expect(throws: SDPError.self) { try SessionDescription.parse(head + "{}\r\n" + section) }
  }

  @Test("Size, lines, line length and sections are bounded")
  func bounds() throws {
    let head = "v=0\no=- 1 1 IN IP4 0.0.0.0\n"
    let problem = { (text: String) in
      do throws(SDPError) {
        _ = try SessionDescription.parse(text)
        return SDPError.Problem?.none
      } catch { return error.problem }
    }
    #expect(problem(String(repeating: "a", count: SDPLimits.bytes + 1)) == .tooLong)
    #expect(problem(head + String(repeating: "a=x\n", count: SDPLimits.lines)) == .tooManyLines)
    #expect(
      problem(head + "a=" + String(repeating: "x", count: SDPLimits.lineBytes)) == .lineTooLong)
    let section = "m=audio 9 RTP 0\n"
    let full = head + String(repeating: section, count: SDPLimits.sections)
    #expect(problem(full) == nil)
    #expect(problem(full + section) == .tooManySections)
  }

  @Test("An excerpt in an error is short and has no control characters")
  func excerpt() throws {
    let text = "v=0\n\u{1}\u{7F}" + String(repeating: "y", count: 300)
    let error = try #require(throws: SDPError.self) { try SessionDescription.parse(text) }
    #expect(error.found.count == 80)
    #expect(error.found.hasPrefix("??y"))
  }
}

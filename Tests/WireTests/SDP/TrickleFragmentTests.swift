import Testing

@testable import Wire

@Suite("Trickle fragments")
struct TrickleFragmentTests {
  static let text = """
    a=ice-options:trickle ice2
    a=group:BUNDLE 0 1
    m=audio 9 UDP/TLS/RTP/SAVPF 111
    a=mid:0
    a=ice-ufrag:ysXw
    a=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k
    a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0
    a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host
    a=end-of-candidates
    """

  @Test("Credentials, candidates and the end of candidates")
  func parts() throws {
    let fragment = try TrickleFragment.parse(Self.text)
    #expect(fragment.iceUsernameFragment == "ysXw")
    #expect(fragment.icePassword == "vw5LmwG4y/e6dPP/zAP9Gp5k")
    #expect(fragment.candidates.count == 2)
    #expect(fragment.isEndOfCandidates)
    #expect(fragment.sections.first?.mid == "0")
    #expect(try TrickleFragment.parse(fragment.description) == fragment)
  }

  @Test("Credentials at the session level, and none at all")
  func levels() throws {
    let session = try TrickleFragment.parse(
      "a=ice-ufrag:abcd\r\na=ice-pwd:efghijklmnopqrstuvwxyz\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n")
    #expect(session.iceUsernameFragment == "abcd")
    #expect(!session.isEndOfCandidates)
    #expect(try TrickleFragment.parse("").iceUsernameFragment == nil)
  }

  @Test("A whole description is not a fragment")
  func description() throws {
    let error = try #require(throws: SDPError.self) {
      try TrickleFragment.parse("v=0\r\n" + Self.text)
    }
    #expect(error.line == 1)
    #expect(error.expected == "a= or m=")
  }
}

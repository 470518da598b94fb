import Testing

@testable import Wire

/// Whatever arrives, the parser returns or throws, and what it returns can be written.
@Suite("Hostile session descriptions")
struct SDPHostileInputTests {
  private func survive(_ text: String) {
    if let session = try? SessionDescription.parse(text) {
      let again = try? SessionDescription.parse(session.description)
      #expect(again != nil, "what was written does not parse: \(session.description)")
    }
    if let fragment = try? TrickleFragment.parse(text) {
      _ = fragment.candidates
      _ = fragment.description
    }
  }

  @Test(
    "Every truncation of a fixture",
    arguments: [
      "aiortc1.16-offer-sendonly-av.sdp", "firefox153-offer-simulcast-rids-only-VP8.sdp",
      "gstreamer1.22-offer-sendonly-av.sdp",
    ])
  func truncations(name: String) {
    let octets = Array(SDPFixtures.text(name).utf8)
    for length in 0...octets.count {
      _ = try? SessionDescription.parse(String(decoding: octets[..<length], as: UTF8.self))
    }
  }

  @Test("Mutated octets and lines of every fixture", arguments: SDPFixtures.names)
  func mutations(name: String) {
    let octets = Array(SDPFixtures.text(name).utf8)
    let interesting = Array("0 9:/=;,~*-\r\n\u{0}am+".utf8) + [0x80, 0xFF]
    for seed in 0..<8 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      var mutated = octets
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        let at = Int.random(in: 0..<mutated.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: mutated[at] = interesting[Int.random(in: 0..<interesting.count, using: &random)]
        case 1: mutated.remove(at: at)
        case 2: mutated.insert(UInt8.random(in: 0...255, using: &random), at: at)
        default:
          let end = min(mutated.count, at + Int.random(in: 1...60, using: &random))
          mutated.insert(contentsOf: mutated[at..<end], at: at)
        }
      }
      survive(String(decoding: mutated, as: UTF8.self))
    }
  }

  @Test("Odd values of every attribute")
  func oddValues() {
    let names = [
      "group", "ice-options", "ice-ufrag", "ice-pwd", "candidate", "fingerprint", "setup", "mid",
      "msid", "rtpmap", "fmtp", "rtcp-fb", "extmap", "ssrc", "ssrc-group", "rid", "simulcast",
    ]
    let values = [
      "", " ", ":", "  ", "=", ";", ";;", "/", "*", "* ", "~", ",", "0", "-1", "+1", "1 ", "1  ",
      "1/", "1/ ", "1/x y", "127 /", "1 a/", "1 a/b", "1 a/1/", "1 a/1/256", "send", "send ",
      "send ;", "recv ,", "99999999999999999999999999", "1 =;=;=", "é", "\u{1F600}",
      "1 1 udp 1 ::1 1 typ", "1 1 udp 1 ::1 1 typ host raddr", "1 1 tcp 1 ::1 1 typ host",
    ]
    for name in names {
      for value in values {
        survive("v=0\no=- 1 1 IN IP4 0\nm=audio 9 RTP 0\na=\(name):\(value)")
        _ = ICECandidate(text: value)
      }
    }
  }
}

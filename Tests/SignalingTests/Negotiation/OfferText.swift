import Wire

/// Writes offers as a browser would, a line at a time, so that a test can change what it is about.
struct OfferText {
  struct Section {
    var media = "audio"
    var mid: String? = "0"
    var port = 9
    var transport = "UDP/TLS/RTP/SAVPF"
    var direction = "sendonly"
    var formats = "111"
    var lines: [String] = ["a=rtcp-mux", "a=rtpmap:111 opus/48000/2"]

    static func audio(_ mid: String?, _ direction: String, lines: [String] = []) -> Section {
      Section(
        mid: mid, direction: direction,
        lines: [
          "a=rtcp-mux", "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc",
          "a=extmap:1 \(HeaderExtension.audioLevel.uri)",
          "a=extmap:3 \(HeaderExtension.transportWideCC.uri)",
          "a=extmap:4 \(HeaderExtension.mid.uri)",
        ] + lines)
    }

    static func video(
      _ mid: String?, _ direction: String, h264: Bool = true, lines: [String] = []
    ) -> Section {
      var section = Section(
        media: "video", mid: mid, direction: direction, formats: "96 97",
        lines: [
          "a=rtcp-mux", "a=rtcp-rsize", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack",
          "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 transport-cc",
          "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
          "a=extmap:3 \(HeaderExtension.transportWideCC.uri)",
          "a=extmap:4 \(HeaderExtension.mid.uri)",
        ])
      if h264 {
        section.formats += " 102 103"
        section.lines += [
          "a=rtpmap:102 H264/90000", "a=rtcp-fb:102 nack", "a=rtcp-fb:102 nack pli",
          "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
          "a=rtpmap:103 rtx/90000", "a=fmtp:103 apt=102",
        ]
      }
      section.lines += lines
      return section
    }

    static func data(_ mid: String) -> Section {
      Section(
        media: "application", mid: mid, transport: "UDP/DTLS/SCTP", direction: "sendrecv",
        formats: "webrtc-datachannel", lines: ["a=sctp-port:5000"])
    }
  }

  var sessionID = "1111"
  var version = 1
  var usernameFragment: String? = "them"
  var password = "theirpasswordtheirpassword"
  var fingerprints = ["sha-256 " + OfferText.octets(32, 7)]
  var setup: String? = "actpass"
  var bundle: [String]?
  var hasBundle = true
  var sessionLines: [String] = []
  var sections: [Section]

  init(_ sections: [Section]) { self.sections = sections }

  static func octets(_ count: Int, _ value: UInt8) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return Array(repeating: text.count < 2 ? "0" + text : text, count: count).joined(separator: ":")
  }

  var text: String {
    var lines = ["v=0", "o=- \(sessionID) \(version) IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if hasBundle {
      let mids = bundle ?? sections.filter { $0.port != 0 }.compactMap(\.mid)
      lines.append("a=group:BUNDLE " + mids.joined(separator: " "))
    }
    lines += sessionLines
    for section in sections {
      lines.append(
        "m=\(section.media) \(section.port) \(section.transport) \(section.formats)")
      lines.append("c=IN IP4 0.0.0.0")
      if let mid = section.mid { lines.append("a=mid:\(mid)") }
      if let usernameFragment {
        lines += ["a=ice-ufrag:\(usernameFragment)", "a=ice-pwd:\(password)"]
      }
      lines += fingerprints.map { "a=fingerprint:\($0)" }
      if let setup { lines.append("a=setup:\(setup)") }
      lines.append("a=\(section.direction)")
      lines += section.lines
    }
    return lines.map { $0 + "\r\n" }.joined()
  }
}

internal import MediaEngine
internal import Wire

/// A payload type of an offer whose codec we serve.
struct OfferedCodec {
  var codec: MediaCodec
  var map: RTPMap
  var parameters: FormatParameters?
  /// `nack pli`, ... as offered.
  var feedback: Set<String>
  /// The payload type of its retransmissions (RFC 4588).
  var retransmission: RTPMap?

  /// The codecs of a section that we serve, in the order of the offer, each once.
  static func all(in section: MediaDescription, kind: MediaKind) -> [OfferedCodec] {
    let maps = Dictionary(
      section.rtpMaps.map { ($0.payloadType, $0) }, uniquingKeysWith: { first, _ in first })
    let offered = section.payloadTypes.compactMap { maps[$0] }
    var retransmissions: [UInt8: RTPMap] = [:]
    for map in offered where map.encoding.lowercased() == "rtx" {
      guard let parameters = section.formatParameters(map.payloadType),
        let original = parameters["apt"].flatMap({ UInt8($0) }), original <= 127,
        retransmissions[original] == nil
      else { continue }
      retransmissions[original] = map
    }
    var seen: Set<MediaCodec> = []
    let served: [OfferedCodec] = offered.compactMap { map in
      let parameters = section.formatParameters(map.payloadType)
      guard let codec = codec(map, parameters, kind), seen.insert(codec).inserted else {
        return nil
      }
      let retransmission = retransmissions[map.payloadType].flatMap {
        $0.clockRate == map.clockRate ? $0 : nil
      }
      return OfferedCodec(
        codec: codec, map: map, parameters: parameters,
        feedback: Set(section.feedback(map.payloadType).map { $0.lowercased() }),
        retransmission: retransmission)
    }
    let opus = served.first { $0.codec == .opus }
    return served.filter { $0.codec != .red || $0.repeats(opus) }
  }

  /// Whether this is RED of nothing but that codec (RFC 2198 section 5: the payload types of its
  /// blocks, "111/111").
  private func repeats(_ codec: OfferedCodec?) -> Bool {
    guard let codec, let blocks = parameters?.parameters.first, blocks.value == nil else {
      return false
    }
    return blocks.name.split(separator: "/", omittingEmptySubsequences: false)
      .allSatisfy { UInt8($0) == codec.map.payloadType }
  }

  private static func codec(
    _ map: RTPMap, _ parameters: FormatParameters?, _ kind: MediaKind
  ) -> MediaCodec? {
    switch (kind, map.encoding.lowercased(), map.clockRate) {
    // RFC 7587 section 7: always two channels, whatever is in the stream.
    case (.audio, "opus", 48_000) where map.channels == 2: .opus
    case (.audio, "red", 48_000) where map.channels == 2: .red
    case (.video, "vp8", 90_000): .vp8
    case (.video, "h264", 90_000): H264Profile.codec(parameters)
    default: nil
    }
  }

  /// What we take from a publisher: one video codec, so that all viewers can be served from it. Of
  /// sound Opus and RED, which some clients send only when it comes first.
  static func forPublisher(_ offered: [OfferedCodec]) -> [OfferedCodec] {
    let red = offered.filter { $0.codec == .red }
    let best = offered.filter { $0.codec != .red }.enumerated().min { a, b in
      (H264Profile.rank(a.element.codec), a.offset) < (H264Profile.rank(b.element.codec), b.offset)
    }
    return red + (best.map { [$0.element] } ?? [])
  }

  /// What we may send to a viewer: whatever a publisher may have chosen. VP8 and RED first.
  static func forViewer(_ offered: [OfferedCodec]) -> [OfferedCodec] {
    let red = offered.filter { $0.codec == .red }
    let first = red + offered.filter { $0.codec != .red && H264Profile.rank($0.codec) == 0 }
    return Array((first + offered.filter { H264Profile.rank($0.codec) > 0 }).prefix(16))
  }
}

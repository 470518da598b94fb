internal import Consultation
internal import Quality

/// What a client extracts from its `getStats`, with the names and units of webrtc-stats. Counts are
/// cumulative. Bounded and checked; believed for quality and nothing else.
struct ClientStatistics: Equatable, Sendable {
  static let maximumTracks = 32
  /// No count or time of a consultation is larger.
  static let largest = 1e12

  struct Outbound: Equatable, Sendable {
    var source: MediaSource
    var limitation: EncoderLimitation?
    var framesPerSecond: Double?
    var frameWidth: Double?
    var frameHeight: Double?
  }

  struct Inbound: Equatable, Sendable {
    var publication: TrackID
    var framesDecoded: Double?
    var totalFreezesDuration: Double?
    var concealedSamples: Double?
    var totalSamplesReceived: Double?
    /// Seconds, summed over `jitterBufferEmittedCount`.
    var jitterBufferDelay: Double?
    var jitterBufferEmittedCount: Double?
    /// Milliseconds of the sender's clock that are played now (webrtc-stats): of sound and picture of
    /// one participant it is the same clock.
    var estimatedPlayoutTimestamp: Double?
    /// `rtpTimestamp` and `timestamp` of the synchronization source (webrtc-pc) that was played last.
    var playedRTPTimestamp: Double?
    var playedAt: Double?
  }

  struct Transport: Equatable, Sendable {
    var isRelay: Bool?
    var networkProtocol: String?
    /// Seconds.
    var currentRoundTripTime: Double?
  }

  /// Milliseconds since 1970 on the client's clock: only differences count.
  var timestamp: Double
  var outbound: [Outbound] = []
  var inbound: [Inbound] = []
  var transport = Transport()

  /// Seconds that a picture has stood by now. What is shorter than a half is no freeze, and what is long
  /// is not known: browsers forget it, or count by another clock.
  func standing(_ track: Inbound) -> Double {
    guard track.framesDecoded != nil, let last = track.playedAt else { return 0 }
    let seconds = (timestamp - last) / 1000
    return (0.5...10).contains(seconds) ? seconds : 0
  }
}

extension ClientStatistics {
  init(_ fields: FieldReader) throws {
    timestamp = try fields.number("timestamp", "milliseconds since 1970")
    if let route = try fields.optionalObject("transport", "an object, as {\"protocol\": \"udp\"}") {
      transport.isRelay =
        try route.optionalText("candidateType", limit: 16, "the type of our candidate")
        .map { $0 == "relay" }
      transport.networkProtocol = try route.optionalText("protocol", limit: 8, "udp, tcp or tls")
      transport.currentRoundTripTime = try route.optionalNumber(
        "currentRoundTripTime", "seconds")
    }
    for entry in try fields.objects(
      "outbound", limit: Self.maximumTracks, "a list of outbound-rtp extracts")
    {
      // A source or a reason that we do not know is of a newer client.
      guard
        let source = MediaSource(
          rawValue: try entry.text("source", limit: 16, "\"microphone\", \"camera\" or \"screen\""))
      else { continue }
      outbound.append(
        Outbound(
          source: source,
          limitation: try entry.optionalText(
            "qualityLimitationReason", limit: 16, "none, cpu, bandwidth or other"
          ).flatMap { EncoderLimitation(rawValue: $0) },
          framesPerSecond: try entry.optionalNumber("framesPerSecond", "frames a second"),
          frameWidth: try entry.optionalNumber("frameWidth", "pixels"),
          frameHeight: try entry.optionalNumber("frameHeight", "pixels")))
    }
    for entry in try fields.objects(
      "inbound", limit: Self.maximumTracks, "a list of inbound-rtp extracts")
    {
      let text = try entry.text("publication", limit: 64, "the id of a publication")
      guard let number = UInt64(text) else { continue }
      inbound.append(
        Inbound(
          publication: TrackID(rawValue: number),
          framesDecoded: try entry.optionalNumber("framesDecoded", "frames"),
          totalFreezesDuration: try entry.optionalNumber("totalFreezesDuration", "seconds"),
          concealedSamples: try entry.optionalNumber("concealedSamples", "samples"),
          totalSamplesReceived: try entry.optionalNumber("totalSamplesReceived", "samples"),
          jitterBufferDelay: try entry.optionalNumber("jitterBufferDelay", "seconds"),
          jitterBufferEmittedCount: try entry.optionalNumber(
            "jitterBufferEmittedCount", "samples or frames"),
          estimatedPlayoutTimestamp: try entry.optionalNumber(
            "estimatedPlayoutTimestamp", "milliseconds since 1900 or 1970"),
          playedRTPTimestamp: try entry.optionalNumber("playedRtpTimestamp", "an RTP timestamp"),
          playedAt: try entry.optionalNumber("playedAt", "milliseconds")))
    }
  }
}

extension FieldReader {
  /// Zero or more, and not beyond all reason.
  func optionalNumber(_ name: String, _ meaning: String) throws -> Double? {
    guard let value = try optionalDouble(name, meaning) else { return nil }
    guard value >= 0, value <= ClientStatistics.largest * 10 else {
      throw SignalingError(.badField, "field `\(path(name))` is out of range: \(meaning)")
    }
    return value
  }

  func number(_ name: String, _ meaning: String) throws -> Double {
    guard let value = try optionalNumber(name, meaning) else {
      throw SignalingError(.badField, "field `\(path(name))` is missing: \(meaning)")
    }
    return value
  }
}

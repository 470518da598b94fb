internal import Forwarding
public import Wire

/// A packet as a viewer took it.
public struct ReceivedPacket: Hashable, Sendable {
  /// Unwrapped.
  public var sequence: Int64
  public var timestamp: UInt32
  public var marker: Bool
  /// Which publication and which of its packets; `nil` for an empty one.
  public var stream: UInt32?
  public var packet: UInt32?
  public var pictureID: UInt16?
  public var tl0PicIdx: UInt8?
  public var temporalID: UInt8?
  public var isKeyframeStart: Bool
  public var wasRetransmission: Bool
  public var arrival: MediaInstant
}

/// The receiving side of a simulated track: puts packets in order of sequence, asks for what is
/// missing, and for a keyframe when that does not help.
struct TrackReceiver: ~Copyable {
  let kind: MediaKind
  let ssrc: SSRC
  let rtxSSRC: SSRC?
  /// By unwrapped sequence number.
  private(set) var packets: [Int64: ReceivedPacket] = [:]
  /// Pictures whose last packet came.
  private(set) var frames = 0
  private(set) var firstArrival: MediaInstant?
  private(set) var violations: [String] = []
  /// Retransmissions of packets that were there already: a NACK crossed the packet.
  private(set) var superfluous = 0
  private(set) var reports: [(report: SenderReport, arrival: MediaInstant)] = []
  var nack: NACKGenerator
  private(set) var statistics: ReceptionStatistics

  private var unwrapper = SequenceUnwrapper()
  private var abandonedBefore: UInt64 = 0
  private(set) var wantsKeyframe = false

  init(kind: MediaKind, ssrc: SSRC, rtxSSRC: SSRC?) {
    self.kind = kind
    self.ssrc = ssrc
    self.rtxSSRC = rtxSSRC
    nack = NACKGenerator(limits: NACKGenerator.Limits())
    statistics = ReceptionStatistics(clockRate: kind == .audio ? 48_000 : 90_000)
  }

  /// - Parameter packet: the header of a media packet at the start of `bytes`.
  mutating func receive(
    _ packet: RTPPacket, _ bytes: UnsafeRawBufferPointer, isRetransmission: Bool, now: MediaInstant
  ) {
    if firstArrival == nil { firstArrival = now }
    if !isRetransmission {
      _ = statistics.note(
        sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp, arrival: now)
    }
    let sequence = unwrapper.unwrap(packet.sequenceNumber)
    nack.note(index: sequence, isRetransmission: isRetransmission, now: now)
    if packets[sequence] != nil {
      if isRetransmission {
        superfluous += 1
      } else if packets[sequence]?.wasRetransmission == false {
        violations.append("sequence \(sequence) came twice on the stream itself")
      }
      return
    }
    var received = ReceivedPacket(
      sequence: sequence, timestamp: packet.timestamp, marker: packet.marker,
      isKeyframeStart: false, wasRetransmission: isRetransmission, arrival: now)
    let payload = bytes.slice(packet.payloadRange)
    var mark = payload
    if kind == .video, !payload.isEmpty {
      guard let descriptor = VP8Descriptor(payload) else {
        violations.append("sequence \(sequence) has no VP8 descriptor")
        return
      }
      received.pictureID = descriptor.pictureID
      received.tl0PicIdx = descriptor.tl0PicIdx
      received.temporalID = descriptor.temporalID
      received.isKeyframeStart = descriptor.isKeyframeStart
      // The payload header comes before the mark.
      let header = descriptor.frameSize != nil ? 10 : 1
      mark = payload.slice((descriptor.length + header)..<payload.count)
    }
    if !payload.isEmpty {
      guard let content = MarkedPayload(mark) else {
        violations.append("sequence \(sequence) was altered on its way")
        return
      }
      received.stream = content.stream
      received.packet = content.packet
    }
    packets[sequence] = received
    if kind == .video, packet.marker { frames += 1 }
  }

  mutating func note(_ report: SenderReport, now: MediaInstant) {
    reports.append((report, now))
    statistics.noteSenderReport(report.ntp, arrival: now)
  }

  mutating func reportBlock(now: MediaInstant) -> ReportBlock? {
    statistics.makeReportBlock(ssrc: ssrc, now: now)
  }

  /// Whether something was given up since the last call: video needs a keyframe then.
  mutating func takeKeyframeNeed() -> Bool {
    defer { abandonedBefore = nack.abandoned }
    return kind == .video && nack.abandoned > abandonedBefore
  }
}

internal import Transport
internal import Wire
internal import Workload

/// The far end of one peer of a worker: sends tracks, checks and reports, notes what it gets.
final class Member {
  struct Inbound {
    var ssrc: SSRC
    var kind: MediaKind
    var highest: UInt16?
  }

  let path: NetworkPath
  let credentials: ICECredentials
  let srtp: SRTPSession
  let ssrc: SSRC
  var tracks: [Track] = []
  var inbound: [Inbound] = []
  var transportSequence: UInt16 = 1
  var feedback = FeedbackRecorder()
  var nextReport: MediaInstant
  var nextFeedback: MediaInstant
  var nextCheck: MediaInstant
  var nextRequest: MediaInstant
  var nextKeyframeRequest: MediaInstant
  private var checks: UInt32 = 0

  init(
    path: NetworkPath, credentials: ICECredentials, srtp: SRTPSession, now: MediaInstant,
    random: inout SeededRandom
  ) {
    func first(_ span: MediaDuration) -> MediaInstant {
      now + MediaDuration(nanoseconds: Int64(random.next() % UInt64(span.nanoseconds)))
    }
    self.path = path
    self.credentials = credentials
    self.srtp = srtp
    ssrc = SSRC(UInt32(truncatingIfNeeded: random.next()) | 1)
    nextReport = first(.seconds(1))
    nextFeedback = first(.milliseconds(100))
    nextCheck = first(.milliseconds(2500))
    nextRequest = first(.milliseconds(700))
    nextKeyframeRequest = first(.seconds(3))
  }

  /// Notes what the worker sent here.
  func take(_ bytes: UnsafeRawBufferPointer, now: MediaInstant) -> Bool {
    guard bytes.count >= 12, bytes[0] >> 6 == 2, !(192...223).contains(bytes[1]),
      let packet = RTPPacket(bytes)
    else { return false }
    if let place = inbound.firstIndex(where: { $0.ssrc == packet.ssrc }) {
      inbound[place].highest = packet.sequenceNumber
    }
    if let number = packet.transportSequence(id: MediaFormat.transportWideCC, in: bytes) {
      feedback.note(number, arrival: now)
    }
    return true
  }

  /// An authenticated check (RFC 8445 section 7.2.4), as a browser repeats it for consent.
  func writeCheck(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    checks &+= 1
    var writer = STUNWriter(
      into: buffer, class: .request,
      transactionID: STUNTransactionID(high: UInt64(ssrc.rawValue), low: checks))
    let fragment = credentials.usernameFragment
    writer.append(.username, text: "\(fragment):\(fragment)")
    writer.append(.priority, uint32: 0x6E00_1EFF)
    writer.append(.iceControlling, uint64: 1)
    writer.append(.useCandidate)
    return writer.finish(key: STUNKey(password: credentials.password))
  }

  func writeReports(
    now: MediaInstant, _ send: ((UnsafeMutableRawBufferPointer) -> Int?) -> Void
  ) {
    let ntp = NTPTimestamp(now, wallOffset: .seconds(1_700_000_000))
    for track in tracks {
      let report = SenderReport(
        sender: track.ssrc, ntp: ntp, rtpTimestamp: track.timestamp(at: now),
        packetCount: track.packets, octetCount: track.octets)
      send { report.write(blocks: [], into: $0) }
    }
    let blocks = inbound.map {
      ReportBlock(
        ssrc: $0.ssrc, fractionLost: 1, cumulativeLost: 3,
        extendedHighest: UInt32($0.highest ?? 0), jitter: 50, lastSR: ntp.middle32 &- 65536,
        delaySinceLastSR: 32768)
    }
    send { ReceiverReport(sender: ssrc, blocks: Array(blocks.prefix(31))).write(into: $0) }
  }
}

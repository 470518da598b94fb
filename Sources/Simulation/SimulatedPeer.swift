internal import Congestion
internal import Forwarding
public import Transport
public import Wire

/// A participant of a simulated consultation: publishes tracks in the shape of VP8 and Opus, answers
/// NACK and PLI, views tracks and checks what it gets. Its SRTP keys are preset.
public final class SimulatedPeer {
  /// Feedback on what it sends.
  public struct Feedback: Hashable, Sendable {
    public var nacks = 0
    public var keyframeRequests = 0
    public var transportFeedback = 0
    /// Of the transport-wide numbers reported on, once each: received and not.
    public var reportedReceived = 0
    public var reportedLost = 0
    public var remb: UInt64?
    public var reportBlocks: [SSRC: ReportBlock] = [:]
    public var refused = 0
  }

  public let address: TransportAddress
  public private(set) var feedback = Feedback()
  /// How far its wall clock is ahead of the worker's.
  public let clockOffset: MediaDuration

  /// As a viewer it tells when packets with transport-wide numbers arrived.
  public var sendsTransportFeedback = false
  /// As a publisher its encoders keep to the REMB, and to what arrives.
  public var obeysREMB = false
  /// Of the sound that it sends (RFC 6464), 0...127 below full scale.
  public var soundLevel: UInt8 = 40
  /// Packets of padding that came.
  public private(set) var paddingReceived = 0

  private let transport: PeerTransport
  private let arena: PacketArena
  private var batch: OutboundBatch
  private var random: SeededRandom
  private let wallOffset: MediaDuration
  private let path: NetworkPath
  private let ssrc: SSRC

  private var senders: [TrackSender] = []
  private var receivers: [SSRC: Receiver] = [:]
  private var rtxReceivers: [SSRC: Receiver] = [:]
  private var transportSequence: UInt16
  private var reported: Set<Int64> = []
  private var reportUnwrapper = SequenceUnwrapper()
  private var nextReport: MediaInstant
  private var arrivals: TransportWideCC
  private var list = SequenceList(capacity: 128)

  /// Holds a receiver that is found by two SSRCs.
  final class Receiver {
    var track: TrackReceiver
    init(_ track: consuming TrackReceiver) { self.track = track }
  }

  /// - Parameters:
  ///   - transport: made with preset keys and this path.
  ///   - wallOffset: of the worker.
  public init(
    address: TransportAddress, transport: PeerTransport, path: NetworkPath,
    wallOffset: MediaDuration, clockOffset: MediaDuration, seed: UInt64, now: MediaInstant
  ) {
    self.address = address
    self.transport = transport
    self.path = path
    self.wallOffset = wallOffset
    self.clockOffset = clockOffset
    random = SeededRandom(seed: seed)
    arena = PacketArena(slotCount: 256)
    batch = OutboundBatch(capacity: 64, arena: arena)
    ssrc = SSRC(UInt32(truncatingIfNeeded: random.next()) | 1)
    transportSequence = UInt16(truncatingIfNeeded: random.next())
    arrivals = TransportWideCC(sender: ssrc)
    nextReport = now + .milliseconds(100)
  }

  deinit {
    batch.removeAll()
    arena.deallocate()
  }

  // MARK: Tracks

  public func publish(_ track: SimulatedTrack, now: MediaInstant) {
    senders.append(TrackSender(track, now: now, random: &random))
  }

  public func view(_ kind: MediaKind, ssrc: SSRC, rtxSSRC: SSRC?) {
    let receiver = Receiver(TrackReceiver(kind: kind, ssrc: ssrc, rtxSSRC: rtxSSRC))
    receivers[ssrc] = receiver
    if let rtxSSRC { rtxReceivers[rtxSSRC] = receiver }
  }

  /// A client that lost its state and publishes the same track from another source.
  public func restart(stream: UInt32, ssrc: SSRC, rtxSSRC: SSRC?, now: MediaInstant) {
    guard let i = senders.firstIndex(where: { $0.track.stream == stream }) else { return }
    senders[i].restart(ssrc: ssrc, rtxSSRC: rtxSSRC, now: now, random: &random)
  }

  public func setActive(stream: UInt32, _ isActive: Bool) {
    guard let i = senders.firstIndex(where: { $0.track.stream == stream }) else { return }
    senders[i].isActive = isActive
  }

  /// Lets the camera or microphone of a track give something or nothing.
  public func setInput(stream: UInt32, _ hasInput: Bool) {
    guard let i = senders.firstIndex(where: { $0.track.stream == stream }) else { return }
    senders[i].hasInput = hasInput
  }

  /// Packets with payload that a track sent so far.
  public func packetCount(stream: UInt32) -> UInt32 {
    senders.first { $0.track.stream == stream }?.packetCount ?? 0
  }

  /// Octets of payload that a track sent so far.
  public func octetCount(stream: UInt32) -> UInt32 {
    senders.first { $0.track.stream == stream }?.octetCount ?? 0
  }

  /// What a track's encoder makes now, bits a second.
  public func bitrate(stream: UInt32) -> Int {
    senders.first { $0.track.stream == stream }?.bitrate ?? 0
  }

  /// Lets the encoder of a track of sound produce something else.
  public func setSound(stream: UInt32, bitrate: Int, packetTime: Int) {
    guard let i = senders.firstIndex(where: { $0.track.stream == stream }) else { return }
    senders[i].bitrate = bitrate
    senders[i].packetTime = packetTime
  }

  /// Lets the camera of a track take so many pictures a second.
  public func setFrameRate(stream: UInt32, _ rate: Int) {
    guard let i = senders.firstIndex(where: { $0.track.stream == stream }) else { return }
    senders[i].frameRate = rate
  }

  public func keyframes(stream: UInt32) -> Int {
    senders.first { $0.track.stream == stream }?.keyframes ?? 0
  }

  /// What came on a viewed track, by unwrapped sequence number.
  public func received(_ ssrc: SSRC) -> [ReceivedPacket] {
    guard let receiver = receivers[ssrc] else { return [] }
    return receiver.track.packets.values.sorted { $0.sequence < $1.sequence }
  }

  /// How many packets came on a viewed track by now, and pictures whose last packet did.
  public func counts(_ ssrc: SSRC) -> (packets: Int, frames: Int) {
    guard let receiver = receivers[ssrc] else { return (0, 0) }
    return (receiver.track.packets.count, receiver.track.frames)
  }

  public func senderReports(_ ssrc: SSRC) -> [(report: SenderReport, arrival: MediaInstant)] {
    receivers[ssrc]?.track.reports ?? []
  }

  public func superfluousRetransmissions(_ ssrc: SSRC) -> Int {
    receivers[ssrc]?.track.superfluous ?? 0
  }

  /// What went against the rules, in words.
  public private(set) var violations: [String] = []

  public var allViolations: [String] {
    violations + receivers.values.flatMap { $0.track.violations }
  }

  /// The RTP time that the track's clock shows at an instant.
  public func timestamp(stream: UInt32, at now: MediaInstant) -> UInt32? {
    senders.first { $0.track.stream == stream }?.timestamp(at: now)
  }

  // MARK: Time

  public var nextDeadline: MediaInstant {
    var next = nextReport
    if let due = arrivals.nextDeadline { next = min(next, due) }
    for sender in senders { next = min(next, sender.nextTime) }
    for receiver in receivers.values {
      if let due = receiver.track.nack.nextDeadline { next = min(next, due) }
    }
    return next
  }

  /// What the peer sends now.
  public func handleTimeout(now: MediaInstant) -> [[UInt8]] {
    var datagrams: [[UInt8]] = []
    for i in senders.indices {
      while senders[i].nextTime <= now {
        for packet in senders[i].makeFrame(now: now, random: &random) {
          if let datagram = protect(packet, of: senders[i].track) {
            datagrams.append(datagram)
          }
        }
      }
    }
    for receiver in receivers.values.sorted(by: { $0.track.ssrc.rawValue < $1.track.ssrc.rawValue })
    {
      datagrams += requests(of: receiver, now)
    }
    while let due = arrivals.nextDeadline, due <= now {
      let written = rtcp { arrivals.writeFeedback(now: now, into: $0) }
      guard !written.isEmpty else { break }
      datagrams += written
    }
    if nextReport <= now {
      nextReport = now + .seconds(1)
      datagrams += reports(now)
    }
    return datagrams
  }

  private func requests(of receiver: Receiver, _ now: MediaInstant) -> [[UInt8]] {
    var datagrams: [[UInt8]] = []
    if let due = receiver.track.nack.nextDeadline, due <= now {
      list.removeAll()
      receiver.track.nack.collect(now: now, roundTrip: nil, into: &list)
      let numbers = list.values
      let media = receiver.track.ssrc
      datagrams += rtcp { buffer in
        GenericNACK.write(sender: ssrc, media: media, sequenceNumbers: numbers, into: buffer)?
          .length
      }
    }
    if receiver.track.takeKeyframeNeed() {
      let indication = PictureLossIndication(sender: ssrc, media: receiver.track.ssrc)
      datagrams += rtcp { indication.write(into: $0) }
    }
    return datagrams
  }

  private func reports(_ now: MediaInstant) -> [[UInt8]] {
    var blocks: [ReportBlock] = []
    for receiver in receivers.values {
      if let block = receiver.track.reportBlock(now: now) { blocks.append(block) }
    }
    blocks.sort { $0.ssrc.rawValue < $1.ssrc.rawValue }
    let ntp = NTPTimestamp(now, wallOffset: wallOffset + clockOffset)
    var datagrams = rtcp { ReceiverReport(sender: ssrc, blocks: blocks).write(into: $0) }
    for sender in senders where sender.packetCount > 0 {
      let report = SenderReport(
        sender: sender.track.ssrc, ntp: ntp, rtpTimestamp: sender.timestamp(at: now),
        packetCount: sender.packetCount, octetCount: sender.octetCount)
      datagrams += rtcp { report.write(blocks: [], into: $0) }
    }
    return datagrams
  }

  // MARK: Datagrams

  /// Takes a datagram and returns what the peer answers.
  public func receive(_ datagram: [UInt8], now: MediaInstant) -> [[UInt8]] {
    guard let slot = arena.allocate() else { return [] }
    defer { arena.release(slot) }
    let buffer = arena.buffer(slot)
    guard datagram.count <= buffer.count else { return [] }
    datagram.withUnsafeBytes { buffer.copyMemory(from: $0) }
    let received = transport.receive(
      slot, length: datagram.count, path: path, now: now, arena: arena, into: &batch)
    batch.removeAll()
    switch received {
    case .rtp(let length):
      receiveRTP(UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), now)
      return []
    case .rtcp(let length):
      return receiveRTCP(UnsafeRawBufferPointer(rebasing: buffer[..<length]), now)
    case .consumed: return []
    case .refused:
      feedback.refused += 1
      return []
    }
  }

  private func receiveRTP(_ buffer: UnsafeMutableRawBufferPointer, _ now: MediaInstant) {
    let bytes = UnsafeRawBufferPointer(buffer)
    guard let packet = RTPPacket(bytes) else {
      violations.append("a packet that is not RTP")
      return
    }
    if sendsTransportFeedback, let number = packet.transportSequence(id: 3, in: bytes) {
      arrivals.packetArrived(
        transportSequence: number, media: packet.ssrc, length: packet.length, at: now)
    }
    if let receiver = receivers[packet.ssrc] {
      receiver.track.receive(packet, bytes, isRetransmission: false, now: now)
    } else if let receiver = rtxReceivers[packet.ssrc] {
      let media = receiver.track.ssrc
      if packet.payloadLength == 0 { paddingReceived += 1 }
      guard
        let length = RetransmissionPayload.restore(
          packet, in: buffer, payloadType: SimulatedFormat.vp8.payloadType, ssrc: media)
      else { return }
      let restored = UnsafeRawBufferPointer(rebasing: bytes[..<length])
      guard let original = RTPPacket(restored) else {
        violations.append("a retransmission without a packet")
        return
      }
      receiver.track.receive(original, restored, isRetransmission: true, now: now)
    } else {
      violations.append("a packet of \(packet.ssrc), which nobody here views")
    }
  }

  private func receiveRTCP(_ bytes: UnsafeRawBufferPointer, _ now: MediaInstant) -> [[UInt8]] {
    guard var compound = RTCPCompound(bytes) else {
      violations.append("a datagram that is not RTCP")
      return []
    }
    var datagrams: [[UInt8]] = []
    while let packet = compound.next() {
      switch packet {
      case .nack(let nack):
        feedback.nacks += 1
        guard let i = senders.firstIndex(where: { $0.track.ssrc == nack.media }) else { continue }
        for sequence in nack {
          if let again = senders[i].retransmission(of: sequence),
            let datagram = protect(again, of: senders[i].track)
          {
            datagrams.append(datagram)
          }
        }
      case .pictureLossIndication(let indication): requestKeyframe(indication.media)
      case .fullIntraRequest(let request): for entry in request { requestKeyframe(entry.ssrc) }
      case .transportFeedback(let report): note(report)
      case .remb(let remb):
        feedback.remb = remb.bitrate
        if obeysREMB { obey(Int(clamping: remb.bitrate)) }
      case .senderReport(let report, let blocks):
        receivers[report.sender]?.track.note(report, now: now)
        for block in blocks { feedback.reportBlocks[block.ssrc] = block }
      case .receiverReport(_, let blocks):
        for block in blocks { feedback.reportBlocks[block.ssrc] = block }
      case .malformed: violations.append("malformed RTCP")
      case .sourceDescription, .goodbye, .extendedReport, .unknown: break
      }
    }
    return datagrams
  }

  private func obey(_ bitrate: Int) {
    let videos = senders.indices.filter { senders[$0].track.kind == .video }
    for i in videos {
      senders[i].bitrate = min(
        max((bitrate - 40_000) / videos.count, 50_000), senders[i].track.bitrate)
    }
  }

  private func requestKeyframe(_ ssrc: SSRC) {
    feedback.keyframeRequests += 1
    guard let i = senders.firstIndex(where: { $0.track.ssrc == ssrc }) else { return }
    senders[i].requestKeyframe()
  }

  private func note(_ report: TransportFeedback) {
    feedback.transportFeedback += 1
    for status in report {
      let sequence = reportUnwrapper.unwrap(status.sequenceNumber)
      if status.arrival != nil {
        // Reported lost before, then late: counts as received.
        if reported.insert(sequence).inserted { feedback.reportedReceived += 1 }
      } else if !reported.contains(sequence) {
        feedback.reportedLost += 1
      }
    }
  }

  private func protect(_ packet: TrackSender.Packet, of track: SimulatedTrack) -> [UInt8]? {
    guard let slot = arena.allocate() else { return nil }
    defer { arena.release(slot) }
    let buffer = arena.buffer(slot)
    guard
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: packet.payloadType, marker: packet.marker,
        sequenceNumber: packet.sequence, timestamp: packet.timestamp, ssrc: packet.ssrc)
    else { return nil }
    if let tag = MediaIdentificationTag(track.mid) { writer.append(id: 4, mid: tag) }
    if let rid = track.rid.flatMap({ MediaIdentificationTag($0) }) {
      writer.append(id: packet.ssrc == track.rtxSSRC ? 6 : 5, mid: rid)
    }
    writer.append(id: 3, transportSequence: transportSequence)
    if packet.payloadType == 111 {
      writer.append(id: 1, audioLevel: soundLevel, voice: soundLevel < 100)
    }
    guard let start = writer.finish() else { return nil }
    packet.payload.withUnsafeBytes { buffer.setBytes($0, at: start) }
    var length = start + packet.payload.count
    if packet.padding > 0 {
      for i in length..<(length + Int(packet.padding)) { buffer[i] = 0 }
      length += Int(packet.padding)
      buffer[length - 1] = packet.padding
      buffer[0] |= 0x20
    }
    guard let protected = transport.protectRTP(buffer, length: length) else { return nil }
    transportSequence &+= 1
    return Array(UnsafeRawBufferPointer(rebasing: buffer[..<protected]))
  }

  /// Protects any octets with this peer's keys, for tests of what an authenticated villain may send.
  /// `nil` when SRTP does not take them.
  public func protect(_ octets: [UInt8], isRTCP: Bool) -> [UInt8]? {
    guard let slot = arena.allocate() else { return nil }
    defer { arena.release(slot) }
    let buffer = arena.buffer(slot)
    guard octets.count + 64 <= buffer.count else { return nil }
    octets.withUnsafeBytes { buffer.copyMemory(from: $0) }
    let length =
      isRTCP
      ? transport.protectRTCP(buffer, length: octets.count)
      : transport.protectRTP(buffer, length: octets.count)
    return length.map { Array(UnsafeRawBufferPointer(rebasing: buffer[..<$0])) }
  }

  private func rtcp(_ write: (UnsafeMutableRawBufferPointer) -> Int?) -> [[UInt8]] {
    guard let slot = arena.allocate() else { return [] }
    defer { arena.release(slot) }
    let buffer = arena.buffer(slot)
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<1200])
    guard let length = write(room), let protected = transport.protectRTCP(buffer, length: length)
    else { return [] }
    return [Array(UnsafeRawBufferPointer(rebasing: buffer[..<protected]))]
  }
}

internal import Wire

/// One track towards a viewer: what it carries, how that is rewritten, what was sent.
struct Subscription: ~Copyable {
  enum Outcome {
    case sent
    /// Left out, or nothing that this viewer can have.
    case dropped
    /// Nothing is sent before a keyframe.
    case awaitsKeyframe
    /// Sent as the start of a continuous stream: what was left out after it may follow.
    case began
  }

  private(set) var settings: SubscriptionSettings
  private(set) var payloads: PayloadTable
  /// The viewer cannot receive yet.
  var isHeld = false
  /// Nothing is sent, for the viewer's path does not carry it.
  private(set) var isPaused = false
  let clockRate: UInt32
  var publication: PublicationHandle?
  /// Another encoding of the same picture: taken from its next keyframe on.
  var pending: PublicationHandle?
  /// The encoding before the last change: what was sent of it may be sent again.
  private(set) var former: PublicationHandle?
  /// See `RTPRewriter.resynchronize`.
  private var alignment: UInt32?
  /// By the publication's payload index: ours.
  var payloadMap = SIMD16<UInt8>(repeating: PayloadTable.none)
  /// RED is forwarded as it comes, where it was negotiated.
  var wantsRED = true
  var temporal = TemporalLayers()
  var rewriter: RTPRewriter
  var sent: SentPackets
  var counters = SubscriptionCounters()
  /// The viewer's last report about us.
  var report: ReportBlock?
  /// How long packets are kept for this viewer.
  var window: RetransmissionWindow

  private var handle: SubscriptionHandle?
  /// What the rewriter is in step with.
  private var epoch: UInt32 = 0
  private var clock: (publication: PublicationHandle, epoch: UInt32)?
  private var rtxSequence: Int64
  private var credit: Int32
  private var hasStarted = false
  /// Numbers up to this one are not sent again.
  private var closed = Int64.min

  init(
    _ settings: SubscriptionSettings, continuing position: StreamPosition?, limits: RouterLimits,
    random: inout SeededRandom
  ) {
    self.settings = settings
    payloads = PayloadTable(settings.payloads)
    clockRate = settings.kind == .audio ? 48_000 : 90_000
    rewriter = RTPRewriter(continuing: position, random: &random)
    window = RetransmissionWindow(limits: limits.retransmissions)
    sent = SentPackets(
      capacity: settings.kind == .audio ? limits.audioHistory : limits.videoHistory)
    rtxSequence = position?.rtxSequence ?? StreamPosition.firstSequence(random.next())
    credit = limits.retransmissionCredit
  }

  var position: StreamPosition {
    StreamPosition(
      sequence: rewriter.lastSequence, rtxSequence: rtxSequence, timestamp: rewriter.lastTimestamp)
  }

  /// Other payload types or extensions on the same stream.
  mutating func reconfigure(_ settings: SubscriptionSettings) {
    self.settings = settings
    payloads = PayloadTable(settings.payloads)
  }

  mutating func identify(as handle: SubscriptionHandle) { self.handle = handle }

  /// From now on packets come from another publication, or none.
  mutating func bind(to publication: PublicationHandle?, payloadMap: SIMD16<UInt8>) {
    self.publication = publication
    self.payloadMap = payloadMap
    pending = nil
    former = nil
    rewriter.desynchronize()
  }

  /// Whether a keyframe of this encoding may come next.
  func awaits(_ publication: PublicationHandle) -> Bool {
    pending == publication && !isHeld && !isPaused
  }

  /// Goes on with the encoding that was waited for, whose keyframe comes next.
  /// - Parameter alignment: what its timestamps lack of those sent, where that is known.
  mutating func takePending(alignment: UInt32?) {
    guard let next = pending else { return }
    former = publication
    publication = next
    pending = nil
    self.alignment = rewriter.isSynchronized ? alignment : nil
    rewriter.desynchronize()
  }

  /// Whether what was sent of a publication may be sent again.
  func mayRepeat(_ publication: PublicationHandle) -> Bool {
    self.publication == publication || former == publication
  }

  func payloadMap(from source: borrowing PayloadTable) -> SIMD16<UInt8> {
    payloads.map(from: source, wantsRED: wantsRED)
  }

  /// What was sent so far is closed: it is not sent again, and the stream goes on with a keyframe.
  mutating func interrupt(isPaused: Bool) {
    self.isPaused = isPaused
    closed = max(closed, rewriter.lastSequence)
    rewriter.desynchronize()
  }

  /// Whether packets of this epoch go on without a keyframe.
  func isInStep(with epoch: UInt32) -> Bool { rewriter.isSynchronized && self.epoch == epoch }

  /// - Parameters:
  ///   - publication: which `packet` is of, at this `epoch` and `clockEpoch`.
  ///   - source: the bytes of the packet's slot.
  mutating func forward(
    _ packet: MediaPacket, of publication: PublicationHandle, epoch: UInt32, clockEpoch: UInt32,
    source: UnsafeRawBufferPointer, now: MediaInstant, arena: PacketArena, creditLimit: Int32,
    into out: inout ForwardedPackets
  ) -> Outcome {
    let payload = payloadMap[Int(packet.payload & 15)]
    guard payload != PayloadTable.none else {
      counters.unsupported &+= 1
      skip(packet, epoch: epoch, of: publication, now: now, arena: arena, into: &out)
      return .dropped
    }
    var packet = packet
    var began = false
    if !isInStep(with: epoch) {
      if isHeld || isPaused { return .dropped }
      guard packet.flags.contains(.startsKeyframe) else {
        counters.awaitingKeyframe &+= 1
        return .awaitsKeyframe
      }
      let keepsClock = clock.map { $0.publication == publication && $0.epoch == clockEpoch }
      rewriter.resynchronize(
        at: packet, clockRate: clockRate, keepsClock: keepsClock ?? false, aligned: alignment,
        now: now)
      alignment = nil
      self.epoch = epoch
      clock = (publication, clockEpoch)
      // A talkspurt begins (RFC 3551 section 4.1).
      if settings.kind == .audio { packet.flags.insert(.marker) }
      temporal.restart()
      began = true
    }
    if let vp8 = packet.vp8, !temporal.admits(vp8, isLate: rewriter.isLate(packet.index)) {
      counters.thinned &+= 1
      skip(packet, epoch: epoch, of: publication, now: now, arena: arena, into: &out)
      return .dropped
    }
    guard let fields = rewriter.rewrite(packet, now: now) else {
      counters.late &+= 1
      return .dropped
    }
    if isToBeStripped(packet, payload) { packet.takeOutPrimary(source) }
    // Noted before it is sent: when there is no slot for it now, the viewer may still have it later.
    note(fields, packet, of: publication, payload: payload, isFiller: false, now)
    guard
      send(
        packet, fields: fields, payloadType: payloads.payloadType(at: payload), source: source,
        arena: arena, into: &out)
    else { return .dropped }
    counters.packets &+= 1
    counters.octets &+= UInt64(packet.payloadLength)
    if credit < creditLimit { credit &+= 1 }
    return began ? .began : .sent
  }

  /// Leaves a packet out. Where its number is a hole already, an empty packet fills it: else the
  /// viewer would ask for what does not exist, and its decoder would wait.
  mutating func skip(
    _ packet: MediaPacket, epoch: UInt32, of publication: PublicationHandle, now: MediaInstant,
    arena: PacketArena, into out: inout ForwardedPackets
  ) {
    guard isInStep(with: epoch),
      !rewriter.skip(packet.index, picture: packet.vp8?.pictureID),
      let fields = rewriter.rewrite(packet, now: now)
    else { return }
    let mapped = payloadMap[Int(packet.payload & 15)]
    let payload = mapped == PayloadTable.none ? 0 : mapped
    note(fields, packet, of: publication, payload: payload, isFiller: true, now)
    if send(
      Self.filler(packet), fields: fields, payloadType: payloads.payloadType(at: payload),
      source: UnsafeRawBufferPointer(start: nil, count: 0), arena: arena, into: &out)
    {
      counters.packets &+= 1
    }
  }

  /// Remembers what it takes to send a packet again; nothing where no RTX was negotiated.
  @inline(__always)
  private mutating func note(
    _ fields: RewrittenFields, _ packet: MediaPacket, of publication: PublicationHandle,
    payload: UInt8, isFiller: Bool, _ now: MediaInstant
  ) {
    guard settings.rtxSSRC != nil else { return }
    sent.insert(
      SentPackets.Record(
        fields, publication: publication, index: packet.index, sent: now, payload: payload,
        isFiller: isFiller, isLate: fields.sequence < rewriter.lastSequence),
      memory: window.span)
  }

  /// How long the publication's packets must be kept for retransmissions to this viewer.
  var neededAge: MediaDuration { settings.rtxSSRC != nil ? window.span : .zero }

  private static func filler(_ packet: MediaPacket) -> MediaPacket {
    var filler = packet
    filler.payloadLength = 0
    filler.vp8 = nil
    filler.flags = []
    return filler
  }

  /// The record of a packet that the viewer asks for, when it may have it again now. Uses up credit.
  mutating func admitResend(
    _ sequenceNumber: UInt16, now: MediaInstant, roundTrip: MediaDuration?, limits: RouterLimits
  ) -> SentPackets.Record? {
    counters.nacked &+= 1
    let newest = rewriter.lastSequence
    let behind = UInt16(truncatingIfNeeded: newest) &- sequenceNumber
    guard behind < 0x8000, let record = sent.record(of: newest &- Int64(behind)),
      record.sequence > closed,
      record.resendCount < limits.resends,
      now - record.sent <= limits.retransmissions.maximum,
      (record.resendCount == 0 && !record.isLate)
        || now - record.resent >= max(roundTrip ?? .zero, limits.minimumResendInterval)
    else {
      counters.unanswered &+= 1
      return nil
    }
    guard spendCredit() else {
      counters.throttled &+= 1
      return nil
    }
    return record
  }

  /// For one packet that is sent again.
  mutating func spendCredit() -> Bool {
    guard credit > 0 else { return false }
    credit &-= 1
    return true
  }

  /// Sends a packet again on the RTX stream (RFC 4588).
  /// - Parameter packet: from the history, of which `source` are the slot's bytes; for a filler the
  ///   place in the history, which holds nothing.
  /// - Parameter isCopy: it goes right after another one and is no answer of its own.
  mutating func resend(
    _ record: SentPackets.Record, packet: MediaPacket, source: UnsafeRawBufferPointer,
    now: MediaInstant, isCopy: Bool = false, arena: PacketArena,
    into out: inout ForwardedPackets
  ) -> Bool {
    guard let ssrc = settings.rtxSSRC else { return false }
    let type = payloads.rtxPayloadType(at: record.payload)
    var packet = record.isFiller ? Self.filler(packet) : packet
    if isToBeStripped(packet, record.payload) { packet.takeOutPrimary(source) }
    guard type != PayloadTable.none,
      send(
        packet, fields: record.rewritten, payloadType: type,
        retransmission: ssrc, source: source,
        arena: arena, into: &out)
    else { return false }
    if !isCopy { sent.noteResent(record.sequence, now: now) }
    counters.retransmissions &+= 1
    return true
  }

  @inline(__always)
  private func isToBeStripped(_ packet: MediaPacket, _ payload: UInt8) -> Bool {
    packet.flags.contains(.isRED) && payloads.format(at: payload) != .red
  }

  /// Sends a packet of padding on the RTX stream (RFC 3550 section 5.1, RFC 4588).
  /// - Returns: whether there is such a stream and a slot.
  mutating func pad(arena: PacketArena, into out: inout ForwardedPackets) -> Bool {
    guard let ssrc = settings.rtxSSRC, let handle, hasStarted,
      let type = payloads.firstRetransmissionType, let slot = arena.allocate()
    else { return false }
    let composer = PacketComposer(
      extensions: settings.extensions, mid: settings.mid, payloadType: type,
      sequenceNumber: UInt16(truncatingIfNeeded: rtxSequence &+ 1), ssrc: ssrc,
      originalSequenceNumber: nil, blockType: PayloadTable.none)
    guard let composed = composer.composePadding(rewriter.lastTimestamp, into: arena.buffer(slot))
    else {
      arena.release(slot)
      return false
    }
    rtxSequence &+= 1
    out.append(
      ForwardedPacket(
        slot: slot, length: composed.length, destination: settings.destination,
        subscription: handle, transportSequenceOffset: composed.transportSequenceOffset,
        sendTimeOffset: composed.sendTimeOffset, kind: settings.kind, isRetransmission: false,
        isPadding: true, isFirst: false))
    return true
  }

  /// - Parameter retransmission: the RTX source, when the packet goes out as a retransmission.
  private mutating func send(
    _ packet: MediaPacket, fields: RewrittenFields, payloadType: UInt8, retransmission: SSRC? = nil,
    source: UnsafeRawBufferPointer, arena: PacketArena, into out: inout ForwardedPackets
  ) -> Bool {
    guard let handle, let slot = arena.allocate() else {
      counters.starved &+= 1
      return false
    }
    let original = UInt16(truncatingIfNeeded: fields.sequence)
    let composer = PacketComposer(
      extensions: settings.extensions, mid: settings.mid, payloadType: payloadType,
      sequenceNumber: retransmission == nil
        ? original : UInt16(truncatingIfNeeded: rtxSequence &+ 1),
      ssrc: retransmission ?? settings.ssrc,
      originalSequenceNumber: retransmission == nil ? nil : original,
      blockType: payloads.blockType)
    guard
      let composed = composer.compose(packet, fields, from: source, into: arena.buffer(slot))
    else {
      arena.release(slot)
      counters.starved &+= 1
      return false
    }
    if retransmission != nil { rtxSequence &+= 1 }
    out.append(
      ForwardedPacket(
        slot: slot, length: composed.length, destination: settings.destination,
        subscription: handle, transportSequenceOffset: composed.transportSequenceOffset,
        sendTimeOffset: composed.sendTimeOffset, kind: settings.kind,
        isRetransmission: retransmission != nil, isFirst: !hasStarted))
    hasStarted = true
    return true
  }
}

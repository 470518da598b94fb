public import Wire

/// What goes back: reports and requests, in both directions.
extension Router {
  // MARK: From viewers

  public enum ResendOutcome: Equatable, Sendable {
    case sent
    /// Not known, too old, sent just now, or asked for too often.
    case refused
  }

  /// Answers one sequence number of a viewer's NACK from the history: with two packets where it is asked for
  /// again and the path is free.
  /// - Parameters:
  ///   - roundTrip: to the viewer, where it is known.
  ///   - isPathFree: no queue stands on the way to the viewer; what is lost then is lost by chance.
  public func resend(
    _ sequenceNumber: UInt16, on handle: SubscriptionHandle, now: MediaInstant,
    roundTrip: MediaDuration?, isPathFree: Bool, into out: inout ForwardedPackets
  ) -> ResendOutcome {
    guard let subscription = subscription(handle),
      subscription.pointee.settings.rtxSSRC != nil,
      let record = subscription.pointee.admitResend(
        sequenceNumber, now: now, roundTrip: roundTrip, limits: limits)
    else { return .refused }
    // Only what the viewer is bound to now: it may have lost the right to what was before.
    guard subscription.pointee.mayRepeat(record.publication),
      let publication = publication(record.publication),
      let packet = record.isFiller
        ? publication.pointee.history.seen(at: record.index)
        : publication.pointee.history.packet(at: record.index)
    else {
      subscription.pointee.counters.unanswered &+= 1
      if subscription.pointee.window.noteTooLate(age: now - record.sent) {
        refreshHistory(of: record.publication)
      }
      return .refused
    }
    let bytes =
      record.isFiller
      ? UnsafeRawBufferPointer(start: nil, count: 0)
      : UnsafeRawBufferPointer(arena.buffer(packet.slot))
    let sent = subscription.pointee.resend(
      record, packet: packet, source: bytes, now: now, arena: arena, into: &out)
    // The answer was lost, too: the picture has stood for two round trips, and is not to for a third.
    if sent, isPathFree, record.resendCount > 0, subscription.pointee.spendCredit() {
      _ = subscription.pointee.resend(
        record, packet: packet, source: bytes, now: now, isCopy: true, arena: arena, into: &out)
    }
    return sent ? .sent : .refused
  }

  /// A viewer lost its picture (PLI or FIR).
  public func requestKeyframe(for handle: SubscriptionHandle, now: MediaInstant) {
    guard let subscription = subscription(handle) else { return }
    subscription.pointee.counters.keyframeRequests &+= 1
    guard !subscription.pointee.isPaused, let source = subscription.pointee.publication,
      let publication = publication(source), !publication.pointee.isMuted
    else { return }
    publication.pointee.requestKeyframe(.viewerFeedback, now: now)
  }

  /// Somebody begins to decode a publication, or lost its picture; it need not have viewers.
  public func requestKeyframe(of handle: PublicationHandle, now: MediaInstant) {
    guard let publication = publication(handle), !publication.pointee.isMuted else { return }
    publication.pointee.requestKeyframe(.freshViewer, now: now)
  }

  /// What a viewer reports about a subscription.
  public func noteReport(_ block: ReportBlock, on handle: SubscriptionHandle) {
    subscription(handle)?.pointee.report = block
  }

  /// The longest round trip to the viewer of late, and what it loses: they say how long its packets
  /// are kept.
  public func noteRoundTrip(
    _ roundTrip: MediaDuration, fractionLost: UInt8 = 0, of handle: SubscriptionHandle
  ) {
    guard let subscription = subscription(handle) else { return }
    subscription.pointee.window.note(roundTrip: roundTrip, fractionLost: fractionLost)
    if let source = subscription.pointee.publication { refreshHistory(of: source) }
  }

  /// How long what goes to the viewer is worth keeping.
  public func retransmissionSpan(of handle: SubscriptionHandle) -> MediaDuration? {
    subscription(handle)?.pointee.window.span
  }

  /// The same, as long as nothing but the time of the viewer's handshake is known.
  public func noteHandshake(_ time: MediaDuration, of handle: SubscriptionHandle) {
    guard let subscription = subscription(handle) else { return }
    subscription.pointee.window.note(handshake: time)
    if let source = subscription.pointee.publication { refreshHistory(of: source) }
  }

  /// Keeps packets as long as the viewer that needs them longest.
  func refreshHistory(of handle: PublicationHandle) {
    guard let publication = publication(handle) else { return }
    var age = PacketHistory.minimumAge
    for i in 0..<publication.pointee.subscribers.count {
      guard let viewer = subscription(publication.pointee.subscribers[i]) else { continue }
      age = max(age, viewer.pointee.neededAge)
    }
    publication.pointee.history.maximumAge = age
  }

  // MARK: To viewers

  /// The sender report of a subscription: the publisher's own mapping of RTP time, told at `ntp`.
  /// `nil` while the publisher has not told its mapping, or nothing was sent.
  /// - Parameters:
  ///   - ntp: our wall clock now.
  ///   - clock: that of the peer that publishes what the subscription carries.
  public func makeSenderReport(
    for handle: SubscriptionHandle, ntp: NTPTimestamp, clock: SenderClock
  ) -> SenderReport? {
    guard let subscription = subscription(handle), let offset = clock.offset,
      let source = subscription.pointee.publication, let publication = publication(source),
      let report = publication.pointee.report, subscription.pointee.counters.packets > 0,
      subscription.pointee.isInStep(with: publication.pointee.epoch)
    else { return nil }
    let there = ntp.advanced(by: offset)
    let timestamp = report.timestamp(at: there, clockRate: subscription.pointee.clockRate)
    return SenderReport(
      sender: subscription.pointee.settings.ssrc, ntp: ntp,
      rtpTimestamp: timestamp &+ subscription.pointee.rewriter.timestampOffset,
      packetCount: UInt32(truncatingIfNeeded: subscription.pointee.counters.packets),
      octetCount: UInt32(truncatingIfNeeded: subscription.pointee.counters.octets))
  }

  public func publication(carriedBy handle: SubscriptionHandle) -> PublicationHandle? {
    subscription(handle)?.pointee.publication
  }

  // MARK: From publishers

  /// - Returns: whether it is the first that tells the mapping of this stream.
  @discardableResult
  public func noteSenderReport(
    _ report: SenderReport, of handle: PublicationHandle, now: MediaInstant
  ) -> Bool {
    guard let publication = publication(handle), publication.pointee.ssrc == report.sender else {
      return false
    }
    publication.pointee.statistics.noteSenderReport(report.ntp, arrival: now)
    let isFirst = publication.pointee.report == nil
    publication.pointee.report = SenderReportMapping(
      ntp: report.ntp, timestamp: report.rtpTimestamp)
    return isFirst
  }

  /// What the last sender report said: an instant of the publisher's wall clock, in that and in RTP time.
  public func senderTime(
    of handle: PublicationHandle
  ) -> (ntp: NTPTimestamp, timestamp: UInt32)? {
    publication(handle)?.pointee.report.map { ($0.ntp, $0.timestamp) }
  }

  // MARK: To publishers

  /// A report block about what came since the last one; `nil` before the first packet.
  public func makeReportBlock(
    for handle: PublicationHandle, now: MediaInstant
  ) -> ReportBlock? {
    guard let publication = publication(handle), let ssrc = publication.pointee.ssrc else {
      return nil
    }
    return publication.pointee.statistics.makeReportBlock(ssrc: ssrc, now: now)
  }

  /// Gives back what the history holds for too long, for publications that fell silent; those that
  /// send do it by themselves.
  public func expireHistory(of handle: PublicationHandle, now: MediaInstant) {
    publication(handle)?.pointee.history.expire(now: now)
  }

  /// When `collectFeedback` has something to do.
  public func nextDeadline(of handle: PublicationHandle) -> MediaInstant? {
    publication(handle)?.pointee.nextDeadline
  }

  /// What to ask a publisher for now.
  public struct KeyframeRequest: Hashable, Sendable {
    public var ssrc: SSRC
    /// As FIR numbers its commands: the same for a repeated question.
    public var commandSequence: UInt8
  }

  /// Gives up what is missing now. A picture that it breaks asks for a keyframe from then on.
  public func forgetMissing(of handle: PublicationHandle, keyframeAt instant: MediaInstant) {
    guard let publication = publication(handle), publication.pointee.nack.count > 0 else { return }
    publication.pointee.nack.reset(at: publication.pointee.statistics.highest)
    if publication.pointee.isVideo, publication.pointee.settings.answersKeyframeRequests {
      publication.pointee.brokenUntil = instant
    }
  }

  /// Appends the sequence numbers to be asked for again, and says whether to ask for a keyframe.
  /// - Parameter roundTrip: to the publisher, where it is known.
  public func collectFeedback(
    of handle: PublicationHandle, now: MediaInstant, roundTrip: MediaDuration?,
    into list: inout SequenceList
  ) -> KeyframeRequest? {
    guard let publication = publication(handle), let ssrc = publication.pointee.ssrc,
      publication.pointee.isFlowing
    else { return nil }
    if publication.pointee.brokenUntil != nil {
      // A keyframe replaces it.
      publication.pointee.nack.reset(at: publication.pointee.statistics.highest)
    } else if publication.pointee.settings.answersNACK {
      let before = list.count
      publication.pointee.nack.collect(now: now, roundTrip: roundTrip, into: &list)
      publication.pointee.counters.nacked &+= UInt64(list.count &- before)
    }
    if let instant = publication.pointee.brokenUntil, now >= instant {
      publication.pointee.brokenUntil = nil
      publication.pointee.requestKeyframe(.brokenStream, now: now)
    }
    guard publication.pointee.settings.answersKeyframeRequests,
      publication.pointee.arbiter.poll(now: now, roundTrip: roundTrip)
    else { return nil }
    publication.pointee.counters.keyframeRequests &+= 1
    return KeyframeRequest(
      ssrc: ssrc, commandSequence: publication.pointee.arbiter.commandSequence)
  }
}

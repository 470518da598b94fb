internal import Forwarding
internal import Wire

/// Copies of packets for those who decode them. A publication without a tap costs its packets one look at a
/// flag of the worker.
extension Worker {
  /// Of one publication.
  static let maximumTaps = 4

  func addTap(_ tap: PacketTap, to id: PublicationID, _ now: MediaInstant) {
    guard let record = publications[id] else {
      counters.count(.unknownPublication)
      return
    }
    guard record.taps.count < Self.maximumTaps else {
      counters.count(.tableFull)
      return
    }
    record.taps.append(tap)
    isTapping = true
    for (encoding, one) in record.encodings.enumerated() {
      guard let report = clockReport(of: one.handle, record, now) else { continue }
      tap.put(report, encoding: UInt8(truncatingIfNeeded: encoding))
    }
    askKeyframe(of: id, now)
  }

  /// To all taps of what a sender report is about.
  func handReport(of publication: PublicationHandle, _ now: MediaInstant) {
    guard isTapping, let record = publicationRecords[Int(publication.index)], !record.taps.isEmpty,
      let encoding = record.index(of: publication),
      let report = clockReport(of: publication, record, now)
    else { return }
    for tap in record.taps { tap.put(report, encoding: UInt8(truncatingIfNeeded: encoding)) }
  }

  private func clockReport(
    of publication: PublicationHandle, _ record: PublicationRecord, _ now: MediaInstant
  ) -> PacketTap.ClockReport? {
    guard let (ntp, timestamp) = router.senderTime(of: publication),
      let source = router.source(of: publication), let offset = peer(at: record.peer)?.clock.offset
    else { return nil }
    let there = wallClock(now).advanced(by: offset)
    return .init(source: source, instant: now + ntp.since(there), timestamp: timestamp)
  }

  func removeTap(_ tap: PacketTap, from id: PublicationID) {
    publications[id]?.taps.removeAll { $0 === tap }
    refreshTapping()
  }

  func refreshTapping() { isTapping = publications.values.contains { !$0.taps.isEmpty } }

  /// Whoever decodes cannot go on without one. Encodings that do not run are not asked for.
  func askKeyframe(of id: PublicationID, _ now: MediaInstant) {
    guard let record = publications[id], record.parameters.kind == .video else { return }
    for encoding in record.encodings where router.isLive(encoding.handle, now: now) {
      router.requestKeyframe(of: encoding.handle, now: now)
      timers.hasten(Int(record.peer), router.nextDeadline(of: encoding.handle))
    }
  }

  /// Copies a packet before the router takes it, since nobody knows where it is afterwards. What the router
  /// refuses, muted packets above all, is not handed out.
  /// - Returns: whether there is something to hand out.
  func stage(
    _ packet: UnsafeRawBufferPointer, of publication: PublicationHandle, _ now: MediaInstant
  ) -> Bool {
    guard let record = publicationRecords[Int(publication.index)], !record.taps.isEmpty,
      let encoding = record.index(of: publication)
    else { return false }
    for place in record.taps.indices {
      let isThere = record.taps[place].stage(
        packet, encoding: UInt8(truncatingIfNeeded: encoding), now: now)
      record.isStaged[place] = isThere ? 1 : 0
    }
    return true
  }

  func handOut(of publication: PublicationHandle) {
    guard let record = publicationRecords[Int(publication.index)] else { return }
    for place in record.taps.indices where record.isStaged[place] == 1 {
      record.taps[place].commit()
    }
  }
}

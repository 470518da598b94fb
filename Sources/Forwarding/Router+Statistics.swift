public import Wire

/// Numbers about one publication, cumulative.
public struct PublicationNumbers: Hashable, Sendable {
  public var counters: PublicationCounters
  /// Packets that never came by their own way.
  public var lost: Int64
  public var jitter: MediaDuration
  /// Asked for again and then received; given up.
  public var recovered: UInt64
  public var abandoned: UInt64
  /// Those that wait for a keyframe of it to come over from another encoding are not among them.
  public var subscribers: Int
  public var isMuted: Bool
  /// Pixels; known of VP8.
  public var frameSize: VP8Descriptor.FrameSize?
  public var observation: PublicationObservation
  public var losses: BurstGapCounts
  /// How long packets stand in queues on the way to us.
  public var queue: MediaDuration
  /// How much their time on the way varies.
  public var spread: MediaDuration
}

extension PublicationNumbers {
  /// Of another encoding of the same picture.
  public mutating func add(_ other: PublicationNumbers) {
    counters.add(other.counters)
    lost &+= other.lost
    jitter = max(jitter, other.jitter)
    recovered &+= other.recovered
    abandoned &+= other.abandoned
    subscribers &+= other.subscribers
    queue = max(queue, other.queue)
    spread = max(spread, other.spread)
    // How losses lie is told of that which has run longest.
    if other.observation.frames > observation.frames {
      observation = other.observation
      losses = other.losses
    }
  }
}

extension PublicationCounters {
  fileprivate mutating func add(_ other: PublicationCounters) {
    packets &+= other.packets
    octets &+= other.octets
    octetsByLayer &+= other.octetsByLayer
    retransmissions &+= other.retransmissions
    duplicates &+= other.duplicates
    foundInLater &+= other.foundInLater
    malformed &+= other.malformed
    muted &+= other.muted
    keyframes &+= other.keyframes
    nacked &+= other.nacked
    keyframeRequests &+= other.keyframeRequests
    restarts &+= other.restarts
  }
}

/// Numbers about one subscription, cumulative.
public struct SubscriptionNumbers: Hashable, Sendable {
  public var counters: SubscriptionCounters
  /// As the viewer reported last; `nil` before.
  public var report: ReportBlock?
  public var jitter: MediaDuration?
}

extension Router {
  public func isMuted(_ handle: PublicationHandle) -> Bool {
    publication(handle)?.pointee.isMuted ?? false
  }

  public func numbers(of handle: PublicationHandle) -> PublicationNumbers? {
    guard let publication = publication(handle) else { return nil }
    return PublicationNumbers(
      counters: publication.pointee.counters, lost: publication.pointee.statistics.lost,
      jitter: publication.pointee.statistics.jitter.duration,
      recovered: publication.pointee.nack.recovered,
      abandoned: publication.pointee.nack.abandoned,
      subscribers: viewers(of: handle, publication), isMuted: publication.pointee.isMuted,
      frameSize: publication.pointee.frameSize,
      observation: publication.pointee.observation,
      losses: publication.pointee.statistics.losses, queue: publication.pointee.statistics.queue,
      spread: publication.pointee.statistics.spread)
  }

  /// How old what came last was as it came, by the publisher's own clocks (RFC 3550 section 6.4.1): it
  /// is off by an unknown that is the same for all publications of a peer, so only their difference
  /// means something. `nil` before the first sender report.
  ///
  /// - Parameters:
  ///   - ntp: our wall clock now.
  ///   - clock: that of the peer that publishes.
  public func lag(
    of handle: PublicationHandle, ntp: NTPTimestamp, clock: SenderClock, now: MediaInstant
  ) -> MediaDuration? {
    guard let publication = publication(handle), let report = publication.pointee.report,
      let offset = clock.offset
    else { return nil }
    let rate = publication.pointee.statistics.jitter.clockRate
    let there = report.timestamp(at: ntp.advanced(by: offset), clockRate: rate)
    return publication.pointee.statistics.lag(expected: there, now: now)
  }

  private func viewers(
    of handle: PublicationHandle, _ publication: UnsafeMutablePointer<Publication>
  ) -> Int {
    var count = 0
    for i in 0..<publication.pointee.subscribers.count
    where subscription(publication.pointee.subscribers[i])?.pointee.publication == handle {
      count &+= 1
    }
    return count
  }

  public func numbers(of handle: SubscriptionHandle) -> SubscriptionNumbers? {
    guard let subscription = subscription(handle) else { return nil }
    let report = subscription.pointee.report
    let rate = Int64(subscription.pointee.clockRate)
    return SubscriptionNumbers(
      counters: subscription.pointee.counters, report: report,
      jitter: report.map { MediaDuration(nanoseconds: Int64($0.jitter) &* 1_000_000_000 / rate) })
  }
}

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
  public var subscribers: Int
  public var isMuted: Bool
}

/// Numbers about one subscription, cumulative.
public struct SubscriptionNumbers: Hashable, Sendable {
  public var counters: SubscriptionCounters
  /// As the viewer reported last; `nil` before.
  public var report: ReportBlock?
  public var jitter: MediaDuration?
}

extension Router {
  public func numbers(of handle: PublicationHandle) -> PublicationNumbers? {
    guard let publication = publication(handle) else { return nil }
    return PublicationNumbers(
      counters: publication.pointee.counters, lost: publication.pointee.statistics.lost,
      jitter: publication.pointee.statistics.jitter.duration,
      recovered: publication.pointee.nack.recovered,
      abandoned: publication.pointee.nack.abandoned,
      subscribers: publication.pointee.subscribers.count, isMuted: publication.pointee.isMuted)
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

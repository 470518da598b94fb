internal import Synchronization
internal import Wire

/// Rates by client address, in a bounded table. An IPv6 address counts by its /64, which is what
/// one customer gets.
final class AddressLimiter: Sendable {
  static let capacity = 16_384

  private struct Entry {
    var requests: TokenBucket
    var refusals: TokenBucket
  }

  private let limits: SignalingConfiguration.RateLimits
  private let table = Mutex<[UInt64: Entry]>([:])

  init(_ limits: SignalingConfiguration.RateLimits) { self.limits = limits }

  enum Verdict: Equatable {
    case allowed
    /// Seconds until the next one.
    case refused(retryAfter: Int)
  }

  /// One request or new connection.
  func request(from address: IPAddress?, at now: MediaInstant) -> Verdict {
    change(address, now) { entry in
      entry.requests.take(at: now) ? .allowed : Self.refused(entry.requests.delay(at: now))
    }
  }

  /// Whether another token of this address may be looked at.
  func mayTry(from address: IPAddress?, at now: MediaInstant) -> Verdict {
    change(address, now) { entry in
      let delay = entry.refusals.delay(at: now)
      return delay == .zero ? .allowed : Self.refused(delay)
    }
  }

  /// A token was refused.
  func refusal(from address: IPAddress?, at now: MediaInstant) {
    change(address, now) { entry in _ = entry.refusals.take(at: now) }
  }

  var trackedAddresses: Int { table.withLock { $0.count } }

  private func change<Result>(
    _ address: IPAddress?, _ now: MediaInstant, _ body: (inout Entry) -> Result
  ) -> Result {
    let key = Self.key(of: address)
    return table.withLock { table in
      var entry = table[key] ?? fresh(now)
      let result = body(&entry)
      if table[key] == nil, table.count >= Self.capacity {
        table = table.filter {
          !$0.value.requests.isFull(at: now) || !$0.value.refusals.isFull(at: now)
        }
        // A flood from very many addresses: forget, rather than grow or lock everyone out.
        if table.count >= Self.capacity { table.removeAll(keepingCapacity: true) }
      }
      table[key] = entry
      return result
    }
  }

  static func key(of address: IPAddress?) -> UInt64 {
    address.map { $0.isIPv4 ? UInt64($0.v4) : $0.high } ?? 0
  }

  private func fresh(_ now: MediaInstant) -> Entry {
    Entry(
      requests: TokenBucket(
        capacity: limits.requestBurst, perSecond: limits.requestsPerSecond, now: now),
      refusals: TokenBucket(
        capacity: limits.refusalBurst, perSecond: limits.refusalsPerSecond, now: now))
  }

  private static func refused(_ delay: MediaDuration) -> Verdict {
    .refused(retryAfter: Int(delay.milliseconds / 1000) + 1)
  }
}

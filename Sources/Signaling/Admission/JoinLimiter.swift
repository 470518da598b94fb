internal import Synchronization
internal import Wire

/// How often one address and one token may come in, in bounded tables. Who resumes is not counted.
final class JoinLimiter: Sendable {
  static let capacity = 16_384

  private struct Table<Key: Hashable & Sendable>: Sendable {
    let perMinute: Int
    var buckets: [Key: TokenBucket] = [:]

    init(perMinute: Int) { self.perMinute = perMinute }

    /// `nil`: allowed; else how long to wait.
    mutating func take(_ key: Key, at now: MediaInstant) -> MediaDuration? {
      var bucket = buckets[key] ?? TokenBucket(perMinute: perMinute, now: now)
      let isAllowed = bucket.take(at: now)
      if buckets[key] == nil, buckets.count >= JoinLimiter.capacity {
        buckets = buckets.filter { !$0.value.isFull(at: now) }
        // Very many at once: forget, rather than grow or lock everyone out.
        if buckets.count >= JoinLimiter.capacity { buckets.removeAll(keepingCapacity: true) }
      }
      buckets[key] = bucket
      return isAllowed ? nil : bucket.delay(at: now)
    }
  }

  private struct State {
    var addresses: Table<UInt64>
    var tokens: Table<Int>
  }

  private let state: Mutex<State>

  init(_ rates: SignalingConfiguration.RateLimits) {
    state = Mutex(
      State(
        addresses: Table(perMinute: rates.joinsPerAddress),
        tokens: Table(perMinute: rates.joinsPerToken)))
  }

  /// One more participant by a token that is good.
  ///
  /// - Returns: seconds to wait; `nil` when it may come in now.
  func join(_ token: String, from address: IPAddress?, at now: MediaInstant) -> Int? {
    state.withLock { state in
      // A token first: one that is tried again and again must not use up its neighbours' share.
      let delay =
        state.tokens.take(token.hashValue, at: now)
        ?? state.addresses.take(AddressLimiter.key(of: address), at: now)
      return delay.map { Int($0.milliseconds / 1000) + 1 }
    }
  }

  var tracked: (addresses: Int, tokens: Int) {
    state.withLock { ($0.addresses.buckets.count, $0.tokens.buckets.count) }
  }
}

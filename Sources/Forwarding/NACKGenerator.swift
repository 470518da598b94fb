public import Wire

/// Finds the gaps in a received stream and says when to ask for what is missing (RFC 4585
/// section 6.2.1).
///
/// Reordering is not loss: a packet is asked for only when some newer ones have arrived or a little
/// time has passed. It is asked for again once per round trip, a bounded number of times, and
/// forgotten when it would come too late. Bounded memory: after a gap longer than the list nothing
/// is asked for one by one, and only a keyframe helps. So it is where what is missing would take longer
/// to come again than a keyframe, at the rate at which packets arrive: on a path that has become
/// narrow, retransmissions would fill what is left of it.
public struct NACKGenerator: ~Copyable {
  public struct Limits: Hashable, Sendable {
    /// Most packets missing at once.
    public var capacity: Int
    /// So many newer packets make a gap a loss...
    public var reorderPackets: Int64
    /// ...or so much time.
    public var reorderDelay: MediaDuration
    /// A packet is asked for again not earlier than this...
    public var minimumRetryInterval: MediaDuration
    /// ...nor later than this, however long the round trip is.
    public var maximumRetryInterval: MediaDuration
    /// Times a packet is asked for.
    public var retries: UInt8
    /// A packet missing for longer is not worth having.
    public var maximumAge: MediaDuration
    /// Nor is one that comes later than this: it is not asked for where the round trip is longer.
    var latestAnswer: MediaDuration?
    /// So many are asked for one by one at any rate; more, as long as they come within `longestRepair`.
    var always = 32
    var longestRepair = MediaDuration.milliseconds(600)

    public init(
      capacity: Int = 256, reorderPackets: Int64 = 3,
      reorderDelay: MediaDuration = .milliseconds(10),
      minimumRetryInterval: MediaDuration = .milliseconds(20),
      maximumRetryInterval: MediaDuration = .milliseconds(400), retries: UInt8 = 10,
      maximumAge: MediaDuration = .milliseconds(1000)
    ) {
      self.capacity = capacity
      self.reorderPackets = reorderPackets
      self.reorderDelay = reorderDelay
      self.minimumRetryInterval = minimumRetryInterval
      self.maximumRetryInterval = maximumRetryInterval
      self.retries = retries
      self.maximumAge = maximumAge
    }

    /// What comes late makes listeners wait for it the next time, too: a conversation bears a gap
    /// rather than that.
    var ofSound: Self {
      var limits = self
      limits.retries = min(retries, 3)
      limits.maximumAge = min(maximumAge, .milliseconds(160))
      limits.latestAnswer = .milliseconds(200)
      return limits
    }
  }

  /// What an arrival says of those before it.
  public enum Gap: Sendable {
    case repairable
    /// Too long at once: the path was away.
    case cut
    /// Gap after gap, more than can come again in time.
    case narrow
  }

  struct Missing {
    var index: Int64
    var noticed: MediaInstant
    var asked: MediaInstant
    var times: UInt8
  }

  public let limits: Limits
  /// Packets asked for at least once that then arrived; those given up; gaps too long to repair.
  public private(set) var recovered: UInt64 = 0
  public private(set) var abandoned: UInt64 = 0
  public private(set) var overflows: UInt64 = 0
  /// Smoothed time from asking once to the retransmission: a round trip and the publisher's own
  /// delay. What came by its own way after all, being only late, tells nothing of it.
  public private(set) var responseTime: MediaDuration?
  /// When `collect` has something to do next.
  public private(set) var nextDeadline: MediaInstant?

  /// Ascending by index.
  private var missing: UnsafeMutablePointer<Missing>
  /// Entries that there is room for now: it begins with few, since gaps are short.
  private var room: Int
  private var used = 0
  private var highest: Int64?
  private var rate = ArrivalWindow()

  public init(limits: Limits) {
    precondition(limits.capacity > 0)
    self.limits = limits
    room = min(8, limits.capacity)
    missing = .allocate(capacity: room)
  }

  deinit { missing.deallocate() }

  /// Packets missing now.
  public var count: Int { used }

  /// Forgets what is missing; `index` becomes the newest packet, nothing before it is asked for.
  public mutating func reset(at index: Int64?) {
    used = 0
    highest = index
    nextDeadline = nil
  }

  /// Takes note of an arrival.
  /// - Parameter isRetransmission: it came as one (RTX), not by its own way.
  /// - Returns: whether what is missing can be repaired packet by packet; if not, it is forgotten.
  @discardableResult
  public mutating func note(index: Int64, isRetransmission: Bool, now: MediaInstant) -> Gap {
    rate.note(at: now)
    guard let newest = highest else {
      highest = index
      return .repairable
    }
    if index <= newest {
      remove(index, isRetransmission: isRetransmission, now: now)
      return .repairable
    }
    highest = index
    let gap = index &- newest &- 1
    if gap > 0 {
      let isCut = gap > Int64(limits.capacity &- used)
      guard !isCut, used == 0 || used &+ Int(gap) <= mostAtOnce else {
        overflows &+= 1
        abandoned &+= UInt64(used) &+ UInt64(gap)
        used = 0
        nextDeadline = nil
        return isCut ? .cut : .narrow
      }
      if used &+ Int(gap) > room { grow(for: used &+ Int(gap)) }
      for i in (newest &+ 1)..<index {
        (missing + used).initialize(
          to: Missing(index: i, noticed: now, asked: now, times: 0))
        used &+= 1
      }
      hasten(to: now + limits.reorderDelay)
    }
    if used > 0, hasUnasked(upTo: index &- limits.reorderPackets) { hasten(to: now) }
    return .repairable
  }

  /// Appends to `list` what has to be asked for now and drops what is not worth it any more.
  /// - Parameter roundTrip: to the publisher, where it is known; else the generator goes by the
  ///   responses that it saw.
  public mutating func collect(
    now: MediaInstant, roundTrip: MediaDuration?, into list: inout SequenceList
  ) {
    guard used > 0, let newest = highest else {
      nextDeadline = nil
      return
    }
    let interval = retryInterval(roundTrip)
    let answer = roundTrip ?? responseTime ?? .zero
    var kept = 0
    var deadline: MediaInstant?
    for i in 0..<used {
      var entry = missing[i]
      let isTooLate = limits.latestAnswer.map { now - entry.noticed + answer > $0 } ?? false
      if isTooLate || now - entry.noticed >= limits.maximumAge {
        abandoned &+= 1
        continue
      }
      var due: MediaInstant
      if entry.times == 0 {
        due =
          newest &- entry.index >= limits.reorderPackets
          ? now : entry.noticed + limits.reorderDelay
      } else {
        due = entry.asked + interval
      }
      if due <= now {
        if entry.times >= limits.retries {
          abandoned &+= 1
          continue
        }
        if list.isFull {
          due = now
        } else {
          list.append(UInt16(truncatingIfNeeded: entry.index))
          entry.asked = now
          entry.times &+= 1
          due = now + interval
        }
      }
      deadline = min(deadline ?? due, due, entry.noticed + limits.maximumAge)
      missing[kept] = entry
      kept &+= 1
    }
    used = kept
    nextDeadline = deadline
  }

  /// So many of several gaps come again in time, at the rate at which packets arrive now.
  private var mostAtOnce: Int { max(rate.packets(in: limits.longestRepair), limits.always) }

  func retryInterval(_ roundTrip: MediaDuration?) -> MediaDuration {
    let base = roundTrip ?? responseTime ?? .milliseconds(100)
    // A quarter more than the round trip, so that the answer under way is not asked for again.
    let padded = base + base / 4
    return min(max(padded, limits.minimumRetryInterval), limits.maximumRetryInterval)
  }

  @inline(never)
  private mutating func grow(for count: Int) {
    while room < count { room = min(room * 2, limits.capacity) }
    let larger = UnsafeMutablePointer<Missing>.allocate(capacity: room)
    larger.moveInitialize(from: missing, count: used)
    missing.deallocate()
    missing = larger
  }

  private mutating func hasten(to instant: MediaInstant) {
    nextDeadline = min(nextDeadline ?? instant, instant)
  }

  /// Whether something that was never asked for is not newer than `index`. The youngest are last.
  private func hasUnasked(upTo index: Int64) -> Bool {
    var i = used &- 1
    while i >= 0, missing[i].times == 0 {
      if missing[i].index <= index { return true }
      i &-= 1
    }
    return false
  }

  private mutating func remove(_ index: Int64, isRetransmission: Bool, now: MediaInstant) {
    var low = 0
    var high = used
    while low < high {
      let middle = (low &+ high) >> 1
      if missing[middle].index < index { low = middle &+ 1 } else { high = middle }
    }
    guard low < used, missing[low].index == index else { return }
    let entry = missing[low]
    if entry.times > 0 { recovered &+= 1 }
    if entry.times == 1, isRetransmission {
      let sample = now - entry.asked
      let smoothed = responseTime.map { $0 + (sample - $0) / 8 }
      responseTime = smoothed ?? sample
    }
    used &-= 1
    for i in low..<used { missing[i] = missing[i &+ 1] }
    if used == 0 { nextDeadline = nil }
  }
}

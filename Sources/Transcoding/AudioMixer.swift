/// Mixes the sound of several participants so that each hears all but itself (N-1): one sum, and of it
/// each one's own part taken away, so the work grows with the participants and not with their pairs.
///
/// Sans-IO: `push` what was decoded, then once every 20 ms `mix`. Mono at 48 kHz.
public struct AudioMixer: Sendable {
  /// Samples of a mix: 20 ms.
  public static let frameSamples = OpusEncoder.frameSamples
  /// Samples that wait of one participant at most: 200 ms. The oldest goes.
  public static let queueLimit = 9_600

  public struct Counters: Hashable, Sendable {
    public var mixes: UInt64 = 0
    /// Samples that were dropped because a participant's queue was full.
    public var overflowed: UInt64 = 0
    /// Samples that a participant had not sent when they were to be mixed.
    public var missing: UInt64 = 0

    public init() {}
  }

  public private(set) var counters = Counters()
  public let maximumParticipants: Int
  private var queues: [UInt32: [Float]] = [:]

  public init(maximumParticipants: Int = 16) { self.maximumParticipants = maximumParticipants }

  public var participants: [UInt32] { queues.keys.sorted() }

  /// - Returns: `false` when there are too many.
  @discardableResult
  public mutating func add(_ participant: UInt32) -> Bool {
    guard queues[participant] == nil else { return true }
    guard queues.count < maximumParticipants else { return false }
    queues[participant] = []
    return true
  }

  public mutating func remove(_ participant: UInt32) { queues[participant] = nil }

  /// Sound of a participant; of one that was not added nothing is taken.
  public mutating func push(_ frame: AudioFrame, of participant: UInt32) {
    guard queues[participant] != nil else { return }
    queues[participant]?.append(contentsOf: frame.mono())
    let surplus = (queues[participant]?.count ?? 0) - Self.queueLimit
    if surplus > 0 {
      queues[participant]?.removeFirst(surplus)
      counters.overflowed &+= UInt64(surplus)
    }
  }

  /// Leaves the oldest of what waits of a participant, all but `limit` samples.
  public mutating func trim(_ participant: UInt32, to limit: Int) {
    let surplus = queued(of: participant) - limit
    guard surplus > 0 else { return }
    queues[participant]?.removeFirst(surplus)
    counters.overflowed &+= UInt64(surplus)
  }

  /// Samples that wait of a participant.
  public func queued(of participant: UInt32) -> Int { queues[participant]?.count ?? 0 }

  /// The next 20 ms for every participant: the sum of the others, limited to full scale.
  public mutating func mix() -> [UInt32: [Float]] {
    counters.mixes &+= 1
    let count = Self.frameSamples
    var sum = [Float](repeating: 0, count: count)
    var parts: [UInt32: [Float]] = [:]
    for (participant, queue) in queues {
      var part = Array(queue.prefix(count))
      queues[participant]?.removeFirst(part.count)
      if part.count < count {
        counters.missing &+= UInt64(count - part.count)
        part.append(contentsOf: repeatElement(0, count: count - part.count))
      }
      for i in 0..<count { sum[i] += part[i] }
      parts[participant] = part
    }
    return parts.mapValues { own in
      (0..<count).map { Self.limit(sum[$0] - own[$0]) }
    }
  }

  /// As it is up to 0.8, from there bent so that it never passes 1.
  static func limit(_ sample: Float) -> Float {
    let knee: Float = 0.8
    let size = abs(sample)
    guard size > knee else { return sample }
    let room = 1 - knee
    let bent = knee + room * (1 - room / (room + size - knee))
    return sample < 0 ? -bent : bent
  }
}

/// How consultations went, as far as the records tell: of those booked within a span of time and of one
/// group. Load tests are not among them.
public struct Indicators: Hashable, Sendable {
  /// What consultations are told apart by.
  public enum Grouping: String, CaseIterable, Hashable, Sendable {
    case kind, organisation, service
  }

  /// `nil`: all of them. Empty: those that have no such name.
  public var group: String?
  public var booked = 0
  /// Somebody came.
  public var attempted = 0
  /// Both sides of the act, usually a patient and a physician, were inside at one time.
  public var met = 0
  /// By the media that passed: see `ActRule`.
  public var completed = 0
  public var completedWithVideo = 0
  /// The side that performs came, and nobody of the side that asks: usually a physician, and no patient.
  public var patientMissing = 0
  /// Seconds from coming into the waiting room to being let in, for the first time.
  public var waits: [Double] = []
  /// Seconds from the answer to an offer until media could pass.
  public var setups: [Double] = []
  /// Seconds that both sides were inside together, where they met.
  public var durations: [Double] = []
  /// Stays of people, and those that ended because a connection failed.
  public var stays = 0
  public var dropped = 0
  /// People whose connection was scored, and those of them whose connection was made anew.
  public var connected = 0
  public var reconnected = 0
  /// Mean sound of each direction that was scored, and the share of it below usable, 0...1.
  public var sound: [Double] = []
  public var unusable: [Double] = []
  /// Scores of 1 to 5 that patients and physicians gave.
  public var satisfaction: [Double] = []

  public init(group: String?) { self.group = group }

  /// Of a consultation's record: what is inside is what nobody holds in the waiting room.
  public mutating func count(
    _ participants: [ParticipantRecord], of kind: ConsultationKind, _ mediaTime: MediaTime,
    _ rule: ActRule, at now: WallClock
  ) {
    booked += 1
    if !participants.isEmpty { attempted += 1 }
    switch rule.outcome(of: mediaTime) {
    case .notCompleted: break
    case .completed: completed += 1
    case .completedWithVideo:
      completed += 1
      completedWithVideo += 1
    }
    let asking = participants.filter { kind.side(of: $0.role) == .asking }
    let performing = participants.filter { kind.side(of: $0.role) == .performing }
    if asking.isEmpty, !performing.isEmpty { patientMissing += 1 }
    stays += participants.count
    dropped += participants.count {
      [.connectionLost, .mediaFailed, .serverCrash].contains($0.end?.reason)
    }
    for one in participants {
      guard let waiting = one.passages.first, waiting.event == .waiting,
        let admitted = one.passages.first(where: { $0.event == .admitted })
      else { continue }
      waits.append(Double(admitted.at.milliseconds - waiting.at.milliseconds) / 1000)
    }
    let together = Self.overlap(
      asking.flatMap { $0.inside(at: now) }, performing.flatMap { $0.inside(at: now) })
    guard together > 0 else { return }
    met += 1
    durations.append(Double(together) / 1000)
  }

  /// Milliseconds within a span of both lists.
  static func overlap(_ a: [Range<Int64>], _ b: [Range<Int64>]) -> Int64 {
    var total: Int64 = 0
    let (a, b) = (union(a), union(b))
    for one in a {
      for other in b {
        total += max(
          0, min(one.upperBound, other.upperBound) - max(one.lowerBound, other.lowerBound))
      }
    }
    return total
  }

  private static func union(_ spans: [Range<Int64>]) -> [Range<Int64>] {
    var joined: [Range<Int64>] = []
    for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, span.lowerBound <= last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, span.upperBound)
      } else {
        joined.append(span)
      }
    }
    return joined
  }

  /// The value below which that share of the others lies; `nil` of none.
  public static func percentile(_ values: [Double], _ share: Double) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.down)))]
  }

  public static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

extension ParticipantRecord {
  /// When it was inside, milliseconds since 1970.
  fileprivate func inside(at now: WallClock) -> [Range<Int64>] {
    var spans: [Range<Int64>] = []
    var since: Int64? = passages.first?.event == .waiting ? nil : joinedAt.milliseconds
    for passage in passages {
      let at = passage.at.milliseconds
      switch passage.event {
      case .admitted: since = since ?? at
      case .held, .waiting:
        if let begin = since, begin < at { spans.append(begin..<at) }
        since = nil
      }
    }
    let end = (self.end?.at ?? now).milliseconds
    if let begin = since, begin < end { spans.append(begin..<end) }
    return spans
  }
}

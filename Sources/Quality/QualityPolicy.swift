/// What a consultation must have been to serve its purpose, judged from scores of ten seconds each.
/// The limits are our own judgement; a clinician's view of what was seen stands above them.
public struct QualityPolicy: Hashable, Sendable {
  public struct Verdict: Hashable, Sendable {
    /// Nothing to judge is not adequate.
    public var isAdequate: Bool
    /// Stretches that were not, in seconds since scores began: from and to.
    public var inadequate: [Range<Int>]
  }

  public let name: String
  /// Least score of sound and of the picture; `nil`: it does not matter.
  let sound: Double?
  let picture: Double?
  /// Share of the time that must reach them, 0...1.
  let share: Double

  /// To talk with each other.
  public static let talk = Self(name: "talk", sound: 3.1, picture: nil, share: 0.95)
  /// To look at skin: a sharp picture that moves, and talk.
  public static let dermatology = Self(
    name: "dermatology", sound: 3.1, picture: 3.2, share: 0.9)
  public static let all = [talk, dermatology]

  /// - Parameters: windows of `ScoreSummary`.
  public func judge(sound sounds: [Double], picture pictures: [Double]) -> Verdict {
    var parts: [(values: [Double], least: Double)] = []
    if let sound { parts.append((sounds, sound)) }
    if let picture { parts.append((pictures, picture)) }
    let count = parts.map(\.values.count).max() ?? 0
    guard count > 0, parts.allSatisfy({ !$0.values.isEmpty }) else {
      return Verdict(isAdequate: false, inadequate: [])
    }
    var bad: [Range<Int>] = []
    var badCount = 0
    for place in 0..<count
    where parts.contains(where: { place < $0.values.count && $0.values[place] < $0.least }) {
      badCount += 1
      let start = place * ScoreSummary.window
      let end = start + ScoreSummary.window
      if let last = bad.last, last.upperBound == start {
        bad[bad.count - 1] = last.lowerBound..<end
      } else {
        bad.append(start..<end)
      }
    }
    return Verdict(
      isAdequate: Double(count - badCount) >= share * Double(count), inadequate: bad)
  }
}

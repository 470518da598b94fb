/// What a scenario asks for, as a number that can be missed.
enum NetworkGoal: Sendable, Equatable {
  /// Seconds between two pictures.
  case longestGap(most: Double)
  /// Share of the sound.
  case concealed(below: Double)
  /// A second.
  case pictures(least: Double)
  /// Of speech, 1 to 4.5.
  case opinion(least: Double)
  case noPicture
  /// The people at both ends of the path were told that the picture is off; by our signaling alone.
  case told
  /// The queue of the bottleneck, milliseconds; seconds after it got narrow.
  case drained(below: Double, within: Double)
  /// Share of the wide path that is used again; seconds after it got wide.
  case capacity(least: Double, within: Double)
  /// Times what was lost.
  case resent(below: Double)
  /// Seconds after a cut.
  case back(within: Double)
  /// Pictures and bit rate among the others, as a share of what they were.
  case othersUnchanged(least: Double)

  var text: String {
    switch self {
    case .longestGap(let most): "no gap > \(Shown.number(most * 1000)) ms"
    case .concealed(let below): "concealed < \(Shown.number(below * 100)) %"
    case .pictures(let least): "pictures >= \(Shown.number(least))/s"
    case .opinion(let least): "MOS >= \(Shown.number(least))"
    case .noPicture: "no picture"
    case .told: "told that the picture is off"
    case .drained(let below, let seconds):
      "queue < \(Shown.number(below)) ms within \(Shown.number(seconds)) s"
    case .capacity(let least, let seconds):
      ">= \(Shown.number(least * 100)) % of the path within \(Shown.number(seconds)) s"
    case .resent(let below): "sent again < \(Shown.number(below)) x lost"
    case .back(let seconds): "media back within \(Shown.number(seconds)) s"
    case .othersUnchanged(let least): "the others keep >= \(Shown.number(least * 100)) %"
    }
  }
}

/// A goal beside what was measured.
struct NetworkVerdict: Sendable, Codable, Equatable {
  var goal: String
  /// `nil`: of others than the patient's path.
  var direction: PathDirection?
  var measured: String
  /// `nil`: cannot be told here.
  var isReached: Bool?
}

/// All that goals are held against.
struct NetworkEvidence: Sendable {
  var measures: [NetworkMeasure]
  var seconds: Double
  /// Pictures a second and kbit/s between the others, before and during.
  var othersBefore: (pictures: Double, kilobits: Double) = (0, 0)
  var others: (pictures: Double, kilobits: Double, longestGap: Double) = (0, 0, 0)
  /// Steps that each person was told; `nil` without our signaling.
  var told: [[String]]?

  func verdicts(_ goal: NetworkGoal) -> [NetworkVerdict] {
    switch goal {
    case .told: return [verdictOfTelling(goal)]
    case .othersUnchanged(let least): return [verdictOfOthers(goal, least)]
    default:
      return measures.map { measure in
        let (measured, isReached) = judge(goal, measure)
        return NetworkVerdict(
          goal: goal.text, direction: measure.direction, measured: measured,
          isReached: isReached)
      }
    }
  }

  private func judge(_ goal: NetworkGoal, _ of: NetworkMeasure) -> (String, Bool) {
    let wide = seconds - NetworkScenario.wideAgain
    switch goal {
    case .longestGap(let most):
      return (Shown.fixed(of.longestGap * 1000, 0) + " ms", of.longestGap <= most)
    case .concealed(let below):
      return (Shown.fixed(of.concealed * 100, 2) + " %", of.concealed < below)
    case .pictures(let least):
      return (Shown.fixed(of.perSecond, 1) + "/s", of.perSecond >= least)
    case .opinion(let least): return (Shown.fixed(of.opinion, 2), of.opinion >= least)
    case .noPicture: return (Shown.count(of.pictures, "picture"), of.pictures == 0)
    case .drained(let below, let within):
      let after = of.slices.settled(
        below: below, from: NetworkScenario.narrowFrom, to: wide)
      return (
        after.map { Shown.fixed($0, 1) + " s" } ?? "never", after.map { $0 <= within } ?? false
      )
    case .capacity(let least, let within):
      let share =
        of.slices.passed(wide + within, wide + within + 4) * 1000
        / Double(NetworkScenario.wideRate)
      return (Shown.fixed(share * 100, 0) + " %", share >= least)
    case .resent(let below):
      return (
        "\(of.resent) for \(of.videoLost), \(Shown.fixed(of.resentPerLost, 2)) x",
        of.resentPerLost < below
      )
    case .back(let within):
      return (
        "sound \(Self.milliseconds(of.soundBack)), picture \(Self.milliseconds(of.pictureBack))",
        of.back.map { $0 < within } ?? false
      )
    case .told, .othersUnchanged: return ("", false)
    }
  }

  private static func milliseconds(_ seconds: Double?) -> String {
    seconds.map { Shown.fixed($0 * 1000, 0) + " ms" } ?? "never"
  }

  private func verdictOfTelling(_ goal: NetworkGoal) -> NetworkVerdict {
    guard let told else {
      return NetworkVerdict(
        goal: goal.text, measured: "not by WHIP and WHEP", isReached: nil)
    }
    let off: Set<String> = ["video-off", "audio-only"]
    let count = told.filter { !off.isDisjoint(with: $0) }.count
    return NetworkVerdict(
      goal: goal.text, measured: "\(count) of \(told.count)", isReached: count == told.count)
  }

  private func verdictOfOthers(_ goal: NetworkGoal, _ least: Double) -> NetworkVerdict {
    let shares = [
      others.pictures / max(othersBefore.pictures, 1),
      others.kilobits / max(othersBefore.kilobits, 1),
    ]
    return NetworkVerdict(
      goal: goal.text,
      measured: "\(Shown.fixed(shares[0] * 100, 0)) % of the pictures, "
        + "\(Shown.fixed(shares[1] * 100, 0)) % of the bit rate, "
        + "gap \(Shown.fixed(others.longestGap * 1000, 0)) ms",
      isReached: shares.allSatisfy { $0 >= least } && others.longestGap <= 0.2)
  }
}

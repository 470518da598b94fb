internal import Simulation
internal import Wire

/// What happens to the path of one of those in a call, the patient, and what is asked of the server then.
struct NetworkScenario: Sendable {
  /// Who is in the call; also their cohorts in the generator.
  enum Person: Int, CaseIterable, Sendable {
    case physician, patient, relative
  }

  struct Phase: Sendable {
    /// Seconds since the beginning.
    var at: Double
    var conditions: LinkConditions
    var isNewAddress = false
  }

  var name: String
  var summary: String
  var people = 2
  /// How long it lasts, and the least that it can.
  var seconds = 30.0
  var least = 6.0
  /// Seconds at the beginning that are not judged.
  var settling = 2.0
  /// One way, milliseconds; also before the trouble begins.
  var delay: Int64
  var directions: [PathDirection] = [.up, .down]
  /// kbit/s that cameras must be able to send.
  var camera: Double?
  /// Of so many seconds.
  var phases: @Sendable (Double) -> [Phase]
  var goals: [NetworkGoal]

  /// Without trouble.
  var quiet: LinkConditions { LinkConditions(delay: .milliseconds(delay)) }

  /// - Parameter directions: which ways of the patient's path get the trouble.
  func schedule(seconds: Double, directions: [PathDirection]) -> PathSchedule {
    PathSchedule(
      before: quiet,
      steps: phases(seconds).map { phase in
        PathSchedule.Step(
          at: MediaDuration(nanoseconds: Int64(phase.at * 1e9)),
          up: directions.contains(.up) ? phase.conditions : quiet,
          down: directions.contains(.down) ? phase.conditions : quiet,
          isNewAddress: phase.isNewAddress)
      })
  }

  static func named(_ name: String) -> NetworkScenario? { all.first { $0.name == name } }
}

internal import Simulation
internal import Wire

/// A way that packets take, seen from the participant: `up` leads to the server.
enum PathDirection: String, CaseIterable, Sendable, Codable {
  case up, down
}

/// What becomes of a path over time.
struct PathSchedule: Sendable {
  struct Step: Sendable {
    /// Since the scenario began.
    var at: MediaDuration
    var up: LinkConditions
    var down: LinkConditions
    /// The participant comes from another port from now on, as after a change of its network.
    var isNewAddress = false

    func conditions(_ direction: PathDirection) -> LinkConditions {
      direction == .up ? up : down
    }
  }

  /// Before the scenario begins, both ways.
  var before: LinkConditions
  /// Ascending.
  var steps: [Step]

  /// The conditions of a direction, a time after the beginning.
  func conditions(_ direction: PathDirection, at elapsed: MediaDuration) -> LinkConditions {
    steps.last { $0.at <= elapsed }?.conditions(direction) ?? before
  }
}

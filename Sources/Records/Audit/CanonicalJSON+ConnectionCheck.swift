internal import Consultation

extension CanonicalJSON {
  /// Rates are bits/s, losses thousandths, the score of sound hundredths.
  static func members(_ check: ConnectionCheck) -> [String: CanonicalJSON] {
    func words(_ routes: Set<ConnectionCheck.Route>) -> CanonicalJSON {
      .array(
        ConnectionCheck.Route.allCases.filter(routes.contains).map { .string($0.rawValue) })
    }
    var members: [String: CanonicalJSON] = [
      "verdict": .string(check.verdict.rawValue), "camera": .string(check.camera.rawValue),
      "microphone": .string(check.microphone.rawValue), "tried": words(check.tried),
      "reached": words(check.reached),
    ]
    guard let figures = check.figures else { return members }
    for (name, way) in [("up", figures.up), ("down", figures.down)] {
      members[name] = .object([
        "rate": .integer(Int64(way.rate)), "loss": .integer(Int64(way.loss)),
      ])
    }
    if let roundTrip = figures.roundTrip { members["roundTrip"] = .integer(Int64(roundTrip)) }
    if let sound = figures.sound { members["sound"] = .integer(Int64(sound)) }
    members["seconds"] = .integer(Int64(figures.seconds))
    return members
  }
}

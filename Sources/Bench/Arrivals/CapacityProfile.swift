internal import ArgumentParser

/// The busy hour of a service, from its calls in a year or a week.
struct CapacityProfile: Sendable, Equatable {
  var name: String
  var callsInBusyHour: Double
  /// Minutes that a call holds its room, the wait before it too.
  var holdMinutes: Double

  /// Calls at once, in the mean (erlang).
  var load: Double { callsInBusyHour * holdMinutes / 60 }

  /// Calls at once that are enough for all but one of a thousand.
  var lines: Int { ErlangB.lines(load: load, blocking: 0.001) }

  func scaled(by factor: Double) -> CapacityProfile {
    CapacityProfile(
      name: name, callsInBusyHour: callsInBusyHour * factor, holdMinutes: holdMinutes)
  }

  /// Appointments begin on the quarter hour, and half of those who have one come within a minute of it:
  /// participants of that minute.
  var participantsInStorm: Int { max(2, Int((callsInBusyHour / 4 * 2 / 2).rounded())) }

  /// Rooms that are in use before.
  var roomsInProgress: Int { max(1, Int(load.rounded())) }

  /// 250 days, a day half as busy again as the mean, 15 % of it in the busiest hour, 15 minutes of
  /// talk after 5 of waiting.
  static func ofYear(_ name: String, calls: Double) -> CapacityProfile {
    CapacityProfile(name: name, callsInBusyHour: calls / 250 * 1.5 * 0.15, holdMinutes: 20)
  }

  /// The hospitals of Paris, from their published plans of teleconsultations a year; and all of France in
  /// April 2020: 1 118 175 in the week, 20 % of it on the peak day, 12 % of that in the hour, 16
  /// minutes each.
  static let all: [CapacityProfile] = [
    ofYear("aphp-2018", calls: 2_055), ofYear("aphp-2020", calls: 50_000),
    ofYear("aphp-2022", calls: 150_000),
    CapacityProfile(
      name: "france-peak", callsInBusyHour: 1_118_175 * 0.2 * 0.12, holdMinutes: 16),
  ]
}

extension CapacityProfile: ExpressibleByArgument {
  init?(argument: String) {
    guard let known = Self.all.first(where: { $0.name == argument }) else { return nil }
    self = known
  }

  static var allValueStrings: [String] { all.map(\.name) }
  var defaultValueDescription: String { name }
}

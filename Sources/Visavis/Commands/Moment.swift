internal import ArgumentParser
internal import Consultation

/// A time as an option gives it: a moment, or seconds from now.
enum Moment: Hashable, Sendable {
  case at(WallClock)
  case fromNow(seconds: Int64)

  /// `2026-11-21T14:30:00Z`, `2026-11-21T15:30:00+01:00`, `90s`, `+45m`, `-5m`, `2h`, `7d`.
  init?(text: String) {
    if let moment = WallClock(rfc3339: text) {
      self = .at(moment)
      return
    }
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (-36_500...36_500 * 86_400).contains(count)
    else { return nil }
    self = .fromNow(seconds: count.multipliedReportingOverflow(by: unit).partialValue)
  }

  init(argument: String) throws {
    guard let moment = Moment(text: argument) else {
      throw ValidationError(
        "it must be a moment as 2026-11-21T14:30:00Z, or a time from now as +2h (s, m, h, d)")
    }
    self = moment
  }

  func resolved(at now: WallClock) -> WallClock {
    switch self {
    case .at(let moment): moment
    case .fromNow(let seconds): now.advanced(bySeconds: seconds)
    }
  }
}

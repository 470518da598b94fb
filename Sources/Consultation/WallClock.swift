/// A moment in UTC, in milliseconds since 1970-01-01T00:00:00Z. For records and validity windows;
/// durations are measured on a monotonic clock, not with this.
public struct WallClock: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

  public func advanced(bySeconds seconds: Int64) -> Self {
    let (span, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    guard !overflow else { return Self(milliseconds: seconds < 0 ? .min : .max) }
    let (sum, wrapped) = milliseconds.addingReportingOverflow(span)
    return Self(milliseconds: wrapped ? (seconds < 0 ? .min : .max) : sum)
  }

  /// RFC 3339 in UTC with milliseconds: `2026-11-21T22:13:35.250Z`.
  public var description: String {
    let (seconds, millis) = floorDivide(milliseconds, 1000)
    let (days, ofDay) = floorDivide(seconds, 86_400)
    let (year, month, day) = civil(fromDays: days)
    return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(ofDay / 3600, 2)
      + ":" + pad(ofDay / 60 % 60, 2) + ":" + pad(ofDay % 60, 2) + "." + pad(millis, 3) + "Z"
  }
}

/// Quotient rounded down, and the remainder that goes with it (never negative).
func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
  let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
  return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
}

private func pad(_ number: Int64, _ width: Int) -> String {
  let digits = String(number.magnitude)
  let zeros = String(repeating: "0", count: max(0, width - digits.count))
  return (number < 0 ? "-" : "") + zeros + digits
}

/// Proleptic Gregorian date of a day number (0 = 1970-01-01). Years are counted from March, in
/// eras of 400 years, so that the leap day comes last.
private func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
  let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
  let yearOfEra =
    (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

extension WallClock {
  /// A date and time of RFC 3339 section 5.6: `2026-11-21T22:13:35Z`, with any fraction (cut to
  /// milliseconds) and any offset. `nil` for every other form, and for dates that do not exist.
  public init?(rfc3339 text: String) {
    var reader = DigitReader(bytes: Array(text.utf8.prefix(64)))
    guard text.utf8.count <= 40,
      let year = reader.number(4), reader.take("-"),
      let month = reader.number(2), reader.take("-"),
      let day = reader.number(2), reader.take("T") || reader.take("t") || reader.take(" "),
      let hour = reader.number(2), reader.take(":"),
      let minute = reader.number(2), reader.take(":"),
      let second = reader.number(2),
      (1...12).contains(month), (1...daysIn(month, of: year)).contains(day),
      hour < 24, minute < 60, second < 61
    else { return nil }
    var millis: Int64 = 0
    if reader.take(".") {
      guard let fraction = reader.fraction() else { return nil }
      millis = fraction
    }
    guard let offset = reader.offset(), reader.isAtEnd else { return nil }
    let days = WallClock.days(year: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    milliseconds = seconds * 1000 + millis
  }

  /// Day number (0 = 1970-01-01) of a proleptic Gregorian date.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, 400)
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

private func daysIn(_ month: Int64, of year: Int64) -> Int64 {
  switch month {
  case 4, 6, 9, 11: 30
  case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  default: 31
  }
}

private struct DigitReader {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func digit() -> Int64? {
    guard at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) else {
      return nil
    }
    defer { at += 1 }
    return Int64(bytes[at] - UInt8(ascii: "0"))
  }

  mutating func number(_ width: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<width {
      guard let next = digit() else { return nil }
      value = value * 10 + next
    }
    return value
  }

  /// Milliseconds of one or more digits after the point.
  mutating func fraction() -> Int64? {
    guard let first = digit() else { return nil }
    var millis = first * 100
    var scale: Int64 = 10
    while let next = digit() {
      millis += next * scale
      scale /= 10
    }
    return millis
  }

  /// Seconds east of UTC.
  mutating func offset() -> Int64? {
    if take("Z") || take("z") { return 0 }
    let sign: Int64
    if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
    guard let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
    else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}

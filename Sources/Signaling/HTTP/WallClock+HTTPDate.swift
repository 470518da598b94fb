internal import Consultation

extension WallClock {
  /// RFC 9110 section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
  var httpDate: String {
    // `2026-11-21T22:13:35.250Z`
    let text = Array(description)
    guard text.count == 24, let month = Int(String(text[5...6])), (1...12).contains(month) else {
      return "Thu, 01 Jan 1970 00:00:00 GMT"
    }
    let names = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let days =
      milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000
    let weekday = weekdays[Int((days % 7 + 7) % 7)]
    return "\(weekday), \(String(text[8...9])) \(names[month - 1]) \(String(text[0...3])) "
      + "\(String(text[11...18])) GMT"
  }
}

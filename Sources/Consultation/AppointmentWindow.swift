/// When one may come into a consultation. Who is inside may stay, and come back after a lost connection.
public struct AppointmentWindow: Hashable, Sendable {
  /// Nobody comes in before.
  public let notBefore: WallClock?
  /// Nobody comes in from then on.
  public let notAfter: WallClock?

  public static let always = AppointmentWindow(trusted: nil, nil)

  /// `nil`: it would end before it begins.
  public init?(notBefore: WallClock?, notAfter: WallClock?) {
    if let notBefore, let notAfter, notAfter <= notBefore { return nil }
    self.init(trusted: notBefore, notAfter)
  }

  private init(trusted notBefore: WallClock?, _ notAfter: WallClock?) {
    self.notBefore = notBefore
    self.notAfter = notAfter
  }

  func check(_ now: WallClock) throws(RoomError) {
    if let notBefore, now < notBefore {
      let (wait, isTooLong) = notBefore.milliseconds.subtractingReportingOverflow(now.milliseconds)
      throw .tooEarly(notBefore, seconds: isTooLong ? .max : wait / 1000 + 1)
    }
    if let notAfter, now >= notAfter { throw .tooLate(notAfter) }
  }
}

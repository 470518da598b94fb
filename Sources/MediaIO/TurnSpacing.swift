internal import Wire

/// How long a worker waits between two turns, so that packets share what a turn costs.
///
/// A wake-up costs as much as forwarding four to eight packets, and packets to one peer that leave
/// together leave cheaper (UDP_SEGMENT). Waiting pays when something arrives meanwhile; when nothing
/// does, it is one more wake-up and delay for nothing. So the spacing follows the packet rate, and
/// there is none while bursts lie further apart: a call of two, or one publisher with many viewers.
struct TurnSpacing {
  /// A turn should serve so many packets.
  static let wantedPackets: Int64 = 20
  /// Waiting less is not worth the timer.
  static let least = MediaDuration.milliseconds(1)
  /// What a timer and a wake-up may add before a packet is seen.
  static let slack = MediaDuration.microseconds(150)
  static let window = MediaDuration.milliseconds(100)
  /// Share of pauses, in 1/1024, that a packet would have ended: begin and end to wait.
  static let begin: Int64 = 840
  static let end: Int64 = 550

  /// What a turn came after.
  enum Pause {
    /// Packets were there already.
    case none
    /// The thread slept until one came.
    case sleep
    /// It waited as it was told to.
    case spacing
  }

  /// Never more than this; zero: never wait.
  let maximum: MediaDuration
  /// What turns are to be apart now, should waiting pay.
  private(set) var spacing: MediaDuration
  private(set) var isWaiting = false

  private var last: MediaInstant?
  /// Moving average in 1/1024.
  private var share: Int64 = 0
  private var windowStart: MediaInstant?
  private var windowPackets: Int64 = 0

  /// - Parameter maximum: `media.coalesce`.
  init(maximum: MediaDuration) {
    self.maximum = maximum
    spacing = min(Self.least, maximum)
  }

  /// Notes a turn.
  /// - Parameters:
  ///   - now: when it began.
  ///   - packets: none is of interest after a `spacing` only.
  mutating func turn(at now: MediaInstant, packets: Int, after pause: Pause) {
    switch pause {
    case .none: break
    case .sleep:
      if packets > 0, let last { note(now - last <= spacing + Self.slack) }
    case .spacing: note(packets > 0)
    }
    guard packets > 0 else { return }
    last = now
    follow(now, packets)
  }

  /// - Parameter paid: waiting brought a packet, or would have.
  private mutating func note(_ paid: Bool) {
    share &+= ((paid ? 1024 : 0) &- share) / 16
    if share >= Self.begin { isWaiting = maximum > .zero }
    if share < Self.end { isWaiting = false }
  }

  private mutating func follow(_ now: MediaInstant, _ packets: Int) {
    guard let start = windowStart else {
      windowStart = now
      return
    }
    windowPackets &+= Int64(packets)
    let passed = now - start
    guard passed >= Self.window else { return }
    let wanted = passed.nanoseconds &* Self.wantedPackets / max(windowPackets, 1)
    let target = min(max(MediaDuration(nanoseconds: wanted), Self.least), maximum)
    spacing = (spacing + target) / 2
    windowStart = now
    windowPackets = 0
  }

  /// When the next turn may begin after one at `now`; `nil`: at once.
  /// - Parameter isUrgent: somebody asked for the least delay.
  func next(after now: MediaInstant, isUrgent: Bool) -> MediaInstant? {
    isWaiting && !isUrgent ? now + spacing : nil
  }
}

/// What a device and its path to the server were found to carry while somebody waited: measured on test
/// media that goes to the server and back to the same person alone. Whole numbers, so that it reads the
/// same everywhere that it is kept.
public struct ConnectionCheck: Hashable, Sendable {
  /// A way on which media can take to the server.
  public enum Route: String, CaseIterable, Hashable, Sendable {
    case udp, tcp
    /// By a TURN server.
    case relay
  }

  public enum Device: String, CaseIterable, Hashable, Sendable {
    case works
    /// It is there, and nothing comes from it.
    case silent
    /// Its owner has turned it off.
    case off
    case missing
  }

  public struct Way: Hashable, Sendable {
    /// bits/s that came through in the later half of the check.
    public var rate: Int
    /// Thousandths of the packets.
    public var loss: Int

    public init(rate: Int, loss: Int) {
      self.rate = min(max(rate, 0), 1_000_000_000)
      self.loss = min(max(loss, 0), 1000)
    }
  }

  /// What the measuring connection carried.
  public struct Figures: Hashable, Sendable {
    public var up: Way
    public var down: Way
    /// Milliseconds.
    public var roundTrip: Int?
    /// Hundredths of the score of sound, 100...450.
    public var sound: Int?
    public var seconds: Int

    public init(up: Way, down: Way, roundTrip: Int?, sound: Int?, seconds: Int) {
      self.up = up
      self.down = down
      self.roundTrip = roundTrip
      self.sound = sound
      self.seconds = seconds
    }
  }

  public enum Verdict: String, CaseIterable, Hashable, Sendable {
    /// Sound and pictures.
    case good
    /// Pictures, though not sharp ones or not steady ones.
    case reduced
    /// Sound, no pictures.
    case sound
    /// Sound will break.
    case poor
    /// No way of media reaches the server.
    case unreachable
    /// It was not measured for long enough.
    case unknown
  }

  public var camera: Device
  public var microphone: Device
  /// Ways that were tried, and those of them that reached the server.
  public var tried: Set<Route>
  public var reached: Set<Route>
  /// `nil`: nothing was measured.
  public var figures: Figures?

  public init(
    camera: Device, microphone: Device, tried: Set<Route>, reached: Set<Route>, figures: Figures?
  ) {
    self.camera = camera
    self.microphone = microphone
    self.tried = tried.union(reached)
    self.reached = reached
    self.figures = figures
  }

  /// Below that rate there is no picture worth sending, or none that is sharp; bits/s.
  public static let leastForPicture = 150_000
  public static let leastForGoodPicture = 500_000
  /// Below that score talking is laborious.
  public static let leastSound = 310
  /// Thousandths from which sound breaks, and from which pictures freeze.
  public static let mostLoss = 50
  public static let mostLossForGoodPicture = 10
  /// Milliseconds from which people talk into each other.
  public static let mostRoundTrip = 400

  public var verdict: Verdict {
    guard let figures, figures.seconds >= 2 else {
      return !tried.isEmpty && reached.isEmpty ? .unreachable : .unknown
    }
    let rate = min(figures.up.rate, figures.down.rate)
    let loss = max(figures.up.loss, figures.down.loss)
    guard let sound = figures.sound else { return .unknown }
    if sound < Self.leastSound || loss > Self.mostLoss { return .poor }
    if rate < Self.leastForPicture { return .sound }
    let isSlow = figures.roundTrip.map { $0 > Self.mostRoundTrip } ?? false
    if rate < Self.leastForGoodPicture || loss > Self.mostLossForGoodPicture || isSlow {
      return .reduced
    }
    return .good
  }
}

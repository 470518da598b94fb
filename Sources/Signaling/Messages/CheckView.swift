internal import Consultation

/// How device and path of somebody were found, as clients and programs are told.
struct CheckView: Encodable, Equatable, Sendable {
  struct Way: Encodable, Equatable, Sendable {
    /// bits/s
    var rate: Int
    /// Share of the packets, 0...1.
    var loss: Double
  }

  var verdict: String
  var camera: String
  var microphone: String
  var tried: [String]
  var reached: [String]
  var up: Way?
  var down: Way?
  /// Milliseconds.
  var roundTrip: Int?
  /// Score of sound, 1...4.5.
  var sound: Double?
  var seconds: Int?
  /// In records.
  var at: String?

  init(_ check: ConnectionCheck, at: WallClock? = nil) {
    verdict = check.verdict.rawValue
    camera = check.camera.rawValue
    microphone = check.microphone.rawValue
    let routes = ConnectionCheck.Route.allCases
    tried = routes.filter(check.tried.contains).map(\.rawValue)
    reached = routes.filter(check.reached.contains).map(\.rawValue)
    let figures = check.figures
    up = figures.map { Way(rate: $0.up.rate, loss: Double($0.up.loss) / 1000) }
    down = figures.map { Way(rate: $0.down.rate, loss: Double($0.down.loss) / 1000) }
    roundTrip = figures?.roundTrip
    sound = figures?.sound.map { Double($0) / 100 }
    seconds = figures?.seconds
    self.at = at?.description
  }
}

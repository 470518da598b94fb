internal import Wire

/// One direction of the patient's path, and what its receiver had of it: `down` the patient, `up` the physician.
struct NetworkMeasure: Sendable, Codable, Equatable {
  var direction: PathDirection
  // Sound (`PlayoutModel`).
  /// 0...1
  var concealed = 0.0
  /// Milliseconds.
  var mouthToEar = 0.0
  var opinion = 1.0
  // Picture (`FrameJudge`).
  var pictures = 0
  var perSecond = 0.0
  /// Seconds.
  var longestGap = 0.0
  var freezes = 0
  var frozen = 0.0
  // The link.
  var offered = 0
  var lost = 0
  var dropped = 0
  var videoLost = 0
  /// Milliseconds.
  var longestWait = 0.0
  /// kbit/s
  var passed = 0.0
  // Repair, since the beginning.
  var nacks = 0
  var keyframeRequests = 0
  /// Video that was sent again because it was asked for; towards the patient as far as it arrived.
  var resent = 0
  /// Seconds from the end of a cut to the first sound that was sent after it, and to the next picture.
  var soundBack: Double?
  var pictureBack: Double?
  var slices: [PathLink.Slice] = []

  var resentPerLost: Double { videoLost == 0 ? 0 : Double(resent) / Double(videoLost) }

  /// - Parameters:
  ///   - origin: when the scenario began.
  ///   - seconds: how long it lasted.
  init(
    _ direction: PathDirection, _ scenario: NetworkScenario, _ records: NetworkRecords,
    origin: MediaInstant, seconds: Double
  ) {
    self.direction = direction
    let patient = NetworkScenario.Person.patient.rawValue
    let physician = NetworkScenario.Person.physician.rawValue
    let (sender, receiver) = direction == .down ? (physician, patient) : (patient, physician)
    let streams = records.streams.filter { $0.receiver == receiver && $0.sender == sender }
    let from = origin + MediaDuration(nanoseconds: Int64(scenario.settling * 1e9))
    let to = origin + MediaDuration(nanoseconds: Int64(seconds * 1e9))
    let arrivals = streams.filter { !$0.isVideo }.flatMap(\.sound)
    let heard = PlayoutModel.play(arrivals, from: from, to: to)
    concealed = heard.concealedShare
    mouthToEar = heard.meanDelay + Self.coding
    opinion = SpeechQuality.meanOpinionScore(delay: mouthToEar, loss: concealed * 100)
    let shown = streams.filter(\.isVideo).flatMap(\.shown).sorted()
    let flow = PictureFlow(shown, from: from, to: to)
    (pictures, perSecond) = (flow.count, flow.perSecond)
    (longestGap, freezes, frozen) = (flow.longestGap, flow.freezes, flow.frozen)

    let path = records.paths[patient]
    let link = direction == .up ? path.up : path.down
    slices = direction == .up ? path.upSlices : path.downSlices
    (offered, lost, dropped) = (link.offered, link.lost, link.dropped)
    videoLost = link.videoLost
    longestWait = slices.wait(scenario.settling, seconds)
    passed = slices.passed(scenario.settling, seconds)
    // Asked for by the receiver: the patient, or the server for what the patient sends.
    nacks = direction == .down ? path.counts.nacksSent : path.counts.nacksReceived
    keyframeRequests =
      direction == .down ? path.counts.keyframeRequestsSent : path.counts.keyframeRequestsReceived
    resent =
      direction == .up ? path.counts.resent : streams.reduce(0) { $0 + $1.resent }
    let end = origin + .seconds(Int64(NetworkScenario.cutUntil))
    soundBack = arrivals.filter { $0.sent >= end }.map { ($0.arrived - end).seconds }.min()
    pictureBack = shown.first { $0 >= end }.map { ($0 - end).seconds }
  }

  /// Both.
  var back: Double? {
    guard let soundBack, let pictureBack else { return nil }
    return max(soundBack, pictureBack)
  }

  /// Coding, packetisation and rendering, milliseconds; the way and the playout buffer come on top.
  static let coding = 30.0
}

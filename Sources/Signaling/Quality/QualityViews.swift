internal import Consultation
internal import Quality
internal import Wire

typealias InstantToWall = (MediaInstant) -> WallClock

struct QualityEvent: Sendable {
  var name: String
  var incident: IncidentView
  var consultation: String
}

struct IncidentView: Encodable, Sendable {
  var participant: String
  var role: String
  var side: String
  var cause: String
  var severity: String
  var began: String
  var ended: String?
  /// As `patient's uplink: 8 % loss`.
  var words: String
  var wordsFrench: String
  /// With its time of UTC, to be filed.
  var sentence: String
  var sentenceFrench: String

  init(_ logged: ConsultationWatch.LoggedIncident, wallClock: InstantToWall) {
    participant = logged.participant.rawValue
    role = logged.role.rawValue
    side = logged.incident.side.rawValue
    cause = logged.incident.cause.rawValue
    severity = logged.incident.severity.rawValue
    began = wallClock(logged.incident.began).description
    ended = logged.incident.ended.map { wallClock($0).description }
    words = FaultSentence.words(logged.incident, of: logged.role, in: .english)
    wordsFrench = FaultSentence.words(logged.incident, of: logged.role, in: .french)
    sentence = FaultSentence.timed(logged, in: .english, wallClock: wallClock)
    sentenceFrench = FaultSentence.timed(logged, in: .french, wallClock: wallClock)
  }
}

/// What is wrong with a direction, in words.
struct TroubleView: Encodable, Sendable {
  var side: String
  var cause: String
  var severity: String
  var words: String
  var wordsFrench: String
}

extension [TroubleView] {
  init(_ watch: ConsultationWatch, _ direction: ConsultationWatch.Direction) {
    self = watch.located(direction).map { located in
      TroubleView(
        side: located.incident.side.rawValue, cause: located.incident.cause.rawValue,
        severity: located.incident.severity.rawValue,
        words: FaultSentence.words(located.incident, of: located.of, in: .english),
        wordsFrench: FaultSentence.words(located.incident, of: located.of, in: .french))
    }
  }
}

/// One consultation on the wall.
struct QualityTile: Encodable, Sendable {
  struct Direction: Encodable, Sendable {
    var from: String
    var to: String
    var sound: Double?
    var picture: Double?
    var troubles: [TroubleView]
  }

  var id: String
  var suffering: Double
  var seconds: Int
  var roles: [String]
  var directions: [Direction]
  var incidents: Int

  init(_ watch: ConsultationWatch, wallClock: InstantToWall) {
    id = watch.id.rawValue
    suffering = (watch.suffering * 10).rounded() / 10
    seconds = Int((watch.lastLook - watch.began).seconds)
    roles = watch.present.compactMap { watch.people[$0]?.role.rawValue }
    incidents = watch.incidents.count + watch.droppedIncidents
    directions = watch.directions.filter {
      watch.present.contains($0.key.sender) && watch.present.contains($0.key.receiver)
    }
    .sorted {
      ($0.key.sender.rawValue, $0.key.receiver.rawValue) < (
        $1.key.sender.rawValue, $1.key.receiver.rawValue
      )
    }
    .map { key, direction in
      Direction(
        from: watch.people[key.sender]?.role.rawValue ?? "",
        to: watch.people[key.receiver]?.role.rawValue ?? "",
        sound: direction.soundNow.map(rounded), picture: direction.pictureNow.map(rounded),
        troubles: [TroubleView](watch, key))
    }
  }
}

func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

/// All that is known of the quality of one consultation.
struct QualityDetail: Encodable, Sendable {
  struct Person: Encodable, Sendable {
    var id: String
    var role: String
    var isPresent: Bool
    var roundTripMilliseconds: Double?
    var isRelay: Bool?
    var networkProtocol: String?
    var pictureWidth: Int?
    var pictureHeight: Int?
    /// By source, as `opus` of `microphone`.
    var codecs: [String: String]
    var frozenSeconds: Double
    var silentSeconds: Int
    var audioOnlySeconds: Int
    var reconnects: Int
    /// How far the picture was ahead of the sound as they came to us, from sender reports.
    var arrivalSkewMilliseconds: Double?
    var now: Moment
    /// Absent in records.
    var series: Series?

    enum CodingKeys: String, CodingKey {
      case id, role
      case isPresent = "present"
      case roundTripMilliseconds
      case isRelay = "relay"
      case networkProtocol = "protocol"
      case pictureWidth = "frameWidth"
      case pictureHeight = "frameHeight"
      case codecs, frozenSeconds, silentSeconds, audioOnlySeconds, reconnects,
        arrivalSkewMilliseconds, now,
        series
    }
  }

  /// Percent, milliseconds, kbit/s, frames a second.
  struct Moment: Encodable, Sendable {
    var uplinkLoss: Double
    var uplinkJitter: Double
    var uplinkRate: Double
    var frameRate: Double
    var downlinkLoss: Double
    var downlinkJitter: Double
    var downlinkRate: Double
    var roundTrip: Double
    /// Of the connection that it sends on, and of that which it receives on: mostly one and the same.
    var uplinkRoundTrip: Double
    var downlinkRoundTrip: Double
    /// Of its microphone, where it is measured and open: LUFS, dBTP, percent of frames that are cut off.
    /// In records what was heard last.
    var loudness: Double?
    var truePeak: Double?
    var clipped: Double?
  }

  /// Parallel lists; `at` is seconds since 1970.
  struct Series: Encodable, Sendable {
    var at: [Int]
    var uplinkLoss: [Double]
    var uplinkJitter: [Double]
    var uplinkRate: [Double]
    var frameRate: [Double]
    var downlinkLoss: [Double]
    var downlinkJitter: [Double]
    var downlinkRate: [Double]
    var roundTrip: [Double]
    var uplinkRoundTrip: [Double]
    var downlinkRoundTrip: [Double]
    var arrivalSkew: [Double?]
  }

  struct Score: Encodable, Sendable {
    var now: Double?
    var mean: Double?
    var fifthPercentile: Double?
    var worstHalfMinute: Double?
    var unusableShare: Double
    var seconds: Int

    init(_ summary: ScoreSummary, now: Double?) {
      self.now = now.map(rounded)
      mean = summary.mean.map(rounded)
      fifthPercentile = summary.fifthPercentile.map(rounded)
      worstHalfMinute = summary.worstHalfMinute.map(rounded)
      unusableShare = rounded(summary.unusableShare)
      seconds = summary.seconds
    }
  }

  /// Milliseconds that the picture is ahead of the sound at who sees it; below zero: behind. Estimated.
  struct Skew: Encodable, Sendable {
    var now: Double?
    /// Mean distance from zero.
    var mean: Double?
    var worst: Double?
    var secondsOutOfStep: Int

    init(_ summary: SkewSummary, now: Double?) {
      self.now = now.map { $0.rounded() }
      mean = summary.mean.map { $0.rounded() }
      worst = summary.worst.map { $0.rounded() }
      secondsOutOfStep = summary.secondsOutOfStep
    }
  }

  struct Direction: Encodable, Sendable {
    var from: String
    var to: String
    var fromRole: String
    var toRole: String
    /// Estimated mean opinion score, 1...4.5.
    var sound: Score
    /// Estimated, 1...5.
    var picture: Score
    var skew: Skew
    var troubles: [TroubleView]
    var at: [Int]
    var soundSeries: [Double?]
    var pictureSeries: [Double?]
    var skewSeries: [Double?]
  }

  var id: String
  var began: String
  var suffering: Double
  var participants: [Person]
  var directions: [Direction]
  var incidents: [IncidentView]
  var droppedIncidents: Int

  init(_ watch: ConsultationWatch, wallClock: InstantToWall, hasSeries: Bool = true) {
    id = watch.id.rawValue
    began = wallClock(watch.began).description
    suffering = rounded(watch.suffering)
    let zero = Int(wallClock(MediaInstant(nanoseconds: 0)).milliseconds / 1000)
    participants = watch.people.values.sorted { $0.id.rawValue < $1.id.rawValue }.map {
      Person(
        $0, isPresent: watch.present.contains($0.id), zero: zero, hasSeries: hasSeries)
    }
    directions = watch.directions.sorted {
      ($0.key.sender.rawValue, $0.key.receiver.rawValue)
        < ($1.key.sender.rawValue, $1.key.receiver.rawValue)
    }.map { key, direction in
      Direction(
        from: key.sender.rawValue, to: key.receiver.rawValue,
        fromRole: watch.people[key.sender]?.role.rawValue ?? "",
        toRole: watch.people[key.receiver]?.role.rawValue ?? "",
        sound: Score(direction.sound, now: direction.soundNow),
        picture: Score(direction.picture, now: direction.pictureNow),
        skew: Skew(direction.skew, now: direction.skewNow),
        troubles: [TroubleView](watch, key),
        at: (hasSeries ? direction.series : []).map { Int($0.at) + zero },
        soundSeries: (hasSeries ? direction.series : []).map { $0.sound.map(rounded) },
        pictureSeries: (hasSeries ? direction.series : []).map { $0.picture.map(rounded) },
        skewSeries: (hasSeries ? direction.series : []).map(\.skew))
    }
    incidents = watch.incidents.map { IncidentView($0, wallClock: wallClock) }
    droppedIncidents = watch.droppedIncidents
  }
}

extension QualityDetail.Person {
  fileprivate init(
    _ watch: ParticipantWatch, isPresent: Bool, zero: Int, hasSeries: Bool
  ) {
    id = watch.id.rawValue
    role = watch.role.rawValue
    self.isPresent = isPresent
    roundTripMilliseconds = watch.sample?.roundTrip.map { Double($0.microseconds) / 1000 }
    isRelay = watch.isRelay
    networkProtocol = watch.networkProtocol
    pictureWidth = watch.pictureSize?.width
    pictureHeight = watch.pictureSize?.height
    codecs = Dictionary(
      watch.codecs.map { ($0.key.rawValue, $0.value.encodingName) }
    ) { first, _ in first }
    frozenSeconds = rounded(watch.frozenSeconds)
    silentSeconds = watch.silentSeconds
    audioOnlySeconds = watch.audioOnlySeconds
    reconnects = watch.reconnects
    let latest = watch.series.latest
    arrivalSkewMilliseconds = latest.arrivalSkew.map { Double($0).rounded() }
    func value(_ number: Float) -> Double { rounded(Double(number)) }
    now = QualityDetail.Moment(
      uplinkLoss: value(latest.upLoss), uplinkJitter: value(latest.upJitter),
      uplinkRate: value(latest.upRate), frameRate: value(latest.frameRate),
      downlinkLoss: value(latest.downLoss), downlinkJitter: value(latest.downJitter),
      downlinkRate: value(latest.downRate), roundTrip: value(latest.roundTrip),
      uplinkRoundTrip: value(latest.upRoundTrip), downlinkRoundTrip: value(latest.downRoundTrip))
    if let heard = hasSeries ? watch.heard : watch.lastHeard {
      now.loudness = heard.loudness.map(rounded)
      now.truePeak = rounded(heard.truePeak)
      now.clipped = rounded(heard.clipped * 100)
    }
    guard hasSeries else { return }
    let points = watch.series.points.map(\.point)
    func list(_ path: KeyPath<WayPoint, Float>) -> [Double] {
      points.map { value($0[keyPath: path]) }
    }
    series = QualityDetail.Series(
      at: points.map { Int($0.at) + zero }, uplinkLoss: list(\.upLoss),
      uplinkJitter: list(\.upJitter), uplinkRate: list(\.upRate), frameRate: list(\.frameRate),
      downlinkLoss: list(\.downLoss), downlinkJitter: list(\.downJitter),
      downlinkRate: list(\.downRate), roundTrip: list(\.roundTrip),
      uplinkRoundTrip: list(\.upRoundTrip), downlinkRoundTrip: list(\.downRoundTrip),
      arrivalSkew: points.map { $0.arrivalSkew.map { Double($0).rounded() } })
  }
}

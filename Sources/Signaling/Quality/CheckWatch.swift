internal import Consultation
internal import MediaEngine
internal import Quality
internal import Wire

/// What the path of somebody who waits carries: the same looks and the same scores as in a consultation,
/// of test media that comes back to its sender. Used by the monitor alone.
final class CheckWatch {
  /// bits/s: more than a check sends.
  static let mostRate = 8_000_000.0
  static let longest = 60

  private struct Look {
    var up: Double
    var down: Double
    var sound: Double?
  }

  private let watch: ParticipantWatch
  private var direction = DirectionWatch()
  private var looks: [Look] = []
  private var sent = (packets: 0, lost: 0)
  private var returned = (packets: 0, lost: 0)
  private var roundTrips: [Int] = []
  private(set) var lastLook: MediaInstant
  private(set) var isTooMuch = false

  init(_ person: RoomMedia.Person, thresholds: QualityThresholds, at now: MediaInstant) {
    watch = ParticipantWatch(person, thresholds: thresholds)
    lastLook = now
  }

  func look(_ person: RoomMedia.Person, _ index: StatisticsIndex, at now: MediaInstant) {
    lastLook = now
    guard looks.count < Self.longest,
      let sample = watch.look(person, index, isOverloaded: false, at: now), sample.isConnected
    else { return }
    let packets = sample.sources.reduce(0) { $0 + $1.packets }
    // Before anything comes it is the connection that is slow, not the path.
    guard packets > 0 || !looks.isEmpty else { return }
    let span = max(sample.span.seconds, 0.1)
    let lost = sample.sources.reduce(0) { $0 + max($1.lost, 0) }
    sent = (sent.packets + packets + lost, sent.lost + lost)
    var carried = 0.0
    if let down = sample.downlink {
      returned = (returned.packets + down.reported, returned.lost + down.lost)
      let share = down.reported > 0 ? Double(down.lost) / Double(down.reported) : 0
      carried = Double(down.octets) * 8 / span * (1 - share)
    }
    if let roundTrip = sample.roundTrip { roundTrips.append(Int(roundTrip.milliseconds)) }
    let camera = person.publications.first { $0.source == .camera }
    direction.note(
      sender: sample, receiver: sample, sound: nil, picture: nil,
      octets: camera.flatMap { watch.received[PublicationID($0.track)] }, skew: nil)
    let rate = Double(sample.sources.reduce(0) { $0 + $1.octets }) * 8 / span
    if rate > Self.mostRate { isTooMuch = true }
    looks.append(Look(up: rate, down: carried, sound: direction.soundNow))
  }

  /// Rates of the later half: until then the sender feels its way up. `nil`: nothing came.
  var figures: ConnectionCheck.Figures? {
    guard !looks.isEmpty else { return nil }
    let later = looks[(looks.count / 2)...]
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    func thousandths(_ part: (packets: Int, lost: Int)) -> Int {
      part.packets > 0 ? (part.lost * 1000 + part.packets / 2) / part.packets : 0
    }
    return ConnectionCheck.Figures(
      up: .init(rate: Int(mean(later.map(\.up)) ?? 0), loss: thousandths(sent)),
      down: .init(rate: Int(mean(later.map(\.down)) ?? 0), loss: thousandths(returned)),
      roundTrip: roundTrips.isEmpty ? nil : roundTrips.sorted()[roundTrips.count / 2],
      sound: mean(looks.compactMap(\.sound)).map { Int(($0 * 100).rounded()) },
      seconds: looks.count)
  }
}

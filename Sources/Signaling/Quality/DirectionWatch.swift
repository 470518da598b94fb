internal import Consultation
internal import Quality
internal import Wire

/// What one participant hears and sees of another: estimated scores.
struct DirectionWatch {
  /// Below these talking is laborious, or a face is not to be read.
  static let usableSound = 3.1
  static let usablePicture = 2.5
  /// Capturing, coding and packing, milliseconds.
  static let senderDelay = 30.0
  /// Where no device tells it.
  static let usualPlayout = 60.0

  var sound = ScoreSummary(usable: usableSound)
  var picture = ScoreSummary(usable: usablePicture)
  private(set) var skew = SkewSummary()
  private(set) var soundNow: Double?
  private(set) var pictureNow: Double?
  private(set) var skewNow: Double?
  private(set) var series: [ScorePoint] = []
  private var pending: (sound: Double, picture: Double, sounds: Int, pictures: Int) = (0, 0, 0, 0)
  private var seconds = 0
  private var lossNow = 0.0

  /// - Parameters:
  ///   - sender: its last second.
  ///   - receiver: likewise.
  ///   - playout: what the receiver's device says of the sender's sound and picture.
  ///   - octets: of the sender's picture that went to the receiver.
  ///   - skew: as in `SkewSummary`, where it is known.
  mutating func note(
    sender: ParticipantSample, receiver: ParticipantSample, sound heard: PlayoutSample?,
    picture seen: PlayoutSample?, octets: Int?, skew: Double?
  ) {
    let down = receiver.downlink
    let downLoss =
      down.map { $0.reported > 0 ? Double(max($0.lost, 0)) / Double($0.reported) : 0 } ?? 0
    let playout =
      (heard?.bufferDelay).map { Double($0.milliseconds) } ?? Self.usualPlayout
    let delay =
      Double(
        (sender.uplinkRoundTrip ?? .zero).milliseconds
          + (receiver.downlinkRoundTrip ?? .zero).milliseconds)
      / 2 + Self.senderDelay + playout
    skewNow = skew
    soundNow = nil
    pictureNow = nil
    if let microphone = sender.sources.first(where: { $0.source == .microphone }),
      !microphone.isMuted
    {
      soundNow = score(microphone, heard, delay: delay, downLoss: downLoss, sender.span)
    }
    if let camera = sender.sources.first(where: { $0.source == .camera }), !camera.isMuted {
      let span = max(sender.span.seconds, 0.1)
      let frozen = max(min(camera.frozen.seconds / span, 1), seen?.frozen ?? 0)
      pictureNow = VideoScore().score(
        bitrate: Double(min(octets ?? camera.octets, camera.octets)) * 8 / span,
        frameRate: min(Double(camera.frames) / span, seen?.frameRate ?? .infinity), delay: delay,
        frozen: frozen)
    }
    keep(receiver.at)
  }

  private mutating func score(
    _ microphone: SourceSample, _ heard: PlayoutSample?, delay: Double, downLoss: Double,
    _ span: MediaDuration
  ) -> Double {
    let expected = microphone.packets + max(microphone.lost, 0)
    guard expected > 0 else { return 1 }
    let residual =
      Double(max(microphone.lost - microphone.repaired, 0)) / Double(expected) + downLoss
    // What the ear got is the truth; before a device tells, what the network left.
    let loss = heard?.concealed ?? residual
    lossNow += (loss - lossNow) * 0.4
    let speech = OpusImpairment.at(
      bitrate: Double(microphone.octets) * 8 / max(span.seconds, 0.1))
    return EModel.score(
      fullband: EModel.fullband(speech, delay: delay, loss: min(lossNow, 1) * 100))
  }

  private mutating func keep(_ now: MediaInstant) {
    if let soundNow {
      sound.note(soundNow)
      pending.sound += soundNow
      pending.sounds += 1
    }
    if let pictureNow {
      picture.note(pictureNow)
      pending.picture += pictureNow
      pending.pictures += 1
    }
    if let skewNow { skew.note(skewNow) }
    seconds += 1
    guard seconds >= ParticipantSeries.step else { return }
    if series.isEmpty { series.reserveCapacity(ParticipantSeries.length) }
    if series.count >= ParticipantSeries.length { series.removeFirst() }
    series.append(
      ScorePoint(
        at: Int32(truncatingIfNeeded: now.nanoseconds / 1_000_000_000),
        sound: pending.sounds > 0 ? pending.sound / Double(pending.sounds) : nil,
        picture: pending.pictures > 0 ? pending.picture / Double(pending.pictures) : nil,
        skew: skewNow))
    pending = (0, 0, 0, 0)
    seconds = 0
  }
}

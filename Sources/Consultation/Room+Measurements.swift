/// How loud microphones are. Figures alone come of it, nobody listens, and it serves the act: so the consent to the
/// act that the publication passes by is its too, and ends it. Nothing is measured in an aside.
extension Room {
  /// All microphones that may be measured now, in roster order.
  public var measurable: [SoundMeasurement] {
    roster.flatMap { participant in
      participant.publications.map {
        SoundMeasurement(track: $0.track, subject: participant.id)
      }
    }.filter(isMeasurable)
  }

  /// - Throws: `noSuchTrack` for what nobody may receive now, for pictures, and in an aside; `encrypted`.
  public mutating func beginMeasurement(of track: TrackID) throws(RoomError) -> [RoomEffect] {
    guard let (owner, publication) = publication(track) else { throw .noSuchTrack }
    guard !publication.isEncrypted else { throw .encrypted(track) }
    let measurement = SoundMeasurement(track: track, subject: owner)
    guard !measurements.contains(measurement) else { return [] }
    guard isMeasurable(measurement) else { throw .noSuchTrack }
    measurements.append(measurement)
    return [.measurementBegan(measurement)]
  }

  /// Whether it may go on. A mute does not end it: nothing comes then.
  public func mayMeasure(_ measurement: SoundMeasurement) -> Bool {
    measurements.contains(measurement) && isMeasurable(measurement)
  }

  /// It may not go on.
  public mutating func endMeasurement(of track: TrackID) -> [RoomEffect] {
    guard let measurement = measurements.first(where: { $0.track == track }) else { return [] }
    measurements.removeAll { $0 == measurement }
    return [.measurementEnded(measurement)]
  }

  private func isMeasurable(_ measurement: SoundMeasurement) -> Bool {
    guard !isAside, let (owner, publication) = publication(measurement.track) else { return false }
    return owner == measurement.subject && publication.source == .microphone
      && !publication.isEncrypted
      && !receivers(of: measurement.track).isEmpty
  }
}

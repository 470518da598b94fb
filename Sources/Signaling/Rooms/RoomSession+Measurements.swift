internal import Consultation
internal import Logging
internal import MediaEngine
internal import Quality
internal import Wire

/// How loud microphones are, for the quality monitor: measured while the room lets it.
extension RoomSession {
  /// What runs for one.
  struct RunningMeasure {
    var tap: PacketTap
    var hook: any RunningMeasurement
  }

  /// Packets that wait for the decoder: five seconds.
  private static let tapCapacity = 256

  /// What was heard last of what a participant sends; `nil`: it is not measured, or is muted.
  func heard(of participant: Participant) -> HeardSample? {
    participant.publications.first { $0.source == .microphone && !$0.muted }
      .flatMap { measures[$0.track]?.hook.heard }
  }

  /// Begins what may be measured now, ends what may not. Comes after whatever has changed.
  func settleMeasurements() {
    stopMeasurements(in: room)
    guard environment.loudness != nil else { return }
    for track in room.measurable.map(\.track) where measures[track] == nil {
      Task { [weak self] in
        await self?.exclusively { () async in await self?.beginMeasurement(of: track) }
      }
    }
  }

  private func beginMeasurement(of track: TrackID) async {
    guard measures[track] == nil, let meter = environment.loudness else { return }
    var next = room
    guard let effects = try? next.beginMeasurement(of: track),
      case .measurementBegan(let measurement) = effects.first,
      let bindings = bridged(PublicationID(track))
        ?? sessions[measurement.subject]?.payloads(of: PublicationID(track))
    else { return }
    let tap = PacketTap(capacity: Self.tapCapacity)
    let hook: any RunningMeasurement
    do throws(LoudnessRefusal) { hook = try meter.measure(tap, bindings: bindings) } catch {
      environment.logger.debug(
        "loudness is not measured", metadata: metadata(measurement, ["reason": "\(error)"]))
      return
    }
    // Nothing is decoded that a crash would hide: until here the tap is of nothing.
    do throws(SignalingError) { try await write(effects) } catch {
      hook.end()
      return
    }
    room = next
    measures[track] = RunningMeasure(tap: tap, hook: hook)
    worker.send([.addTap(PublicationID(track), tap)])
    settle(effects)
  }

  /// Ends at once what may not go on in `next`; record and roster follow.
  func stopMeasurements(in next: Room) {
    for track in measures.keys {
      let measurement = next.measurements.first { $0.track == track }
      guard !(measurement.map { next.mayMeasure($0) } ?? false) else { continue }
      end(track)
    }
  }

  /// The worker has dropped these, with their taps: they are measured anew when they are offered again.
  func forgetMeasurements(of publications: Set<PublicationID>) {
    for track in measures.keys where publications.contains(PublicationID(track)) { end(track) }
  }

  private func end(_ track: TrackID) {
    stopMeasurement(of: track)
    Task { [weak self] in
      await self?.exclusively { () async in await self?.endMeasurement(of: track) }
    }
  }

  private func stopMeasurement(of track: TrackID) {
    guard let running = measures.removeValue(forKey: track) else { return }
    running.hook.end()
    worker.send([.removeTap(PublicationID(track), running.tap)])
    guard running.hook.dropped > 0 else { return }
    environment.logger.notice(
      "a measurement of loudness did not get all packets",
      metadata: [
        "consultation": "\(id)", "publication": "\(track)", "dropped": "\(running.hook.dropped)",
      ])
  }

  private func endMeasurement(of track: TrackID) async {
    // It may have begun anew meanwhile.
    guard measures[track] == nil else { return }
    let effects = room.endMeasurement(of: track)
    guard !effects.isEmpty else { return }
    await recorder.note(effects)
    settle(effects)
  }

  private func metadata(
    _ measurement: SoundMeasurement, _ more: Logger.Metadata
  ) -> Logger.Metadata {
    let known: Logger.Metadata = [
      "consultation": "\(id)", "subject": "\(measurement.subject)",
      "publication": "\(measurement.track)",
    ]
    return known.merging(more) { $1 }
  }
}

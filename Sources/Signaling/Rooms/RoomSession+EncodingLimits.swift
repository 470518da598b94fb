internal import Congestion
internal import Consultation
internal import MediaEngine

/// What publishers are asked to produce.
extension RoomSession {
  func soundLimited(_ id: SubscriptionID, _ rate: SoundRate) {
    soundLimits[id] = rate == .ample ? nil : rate
  }

  /// Of what a participant publishes, where there is a limit.
  func encodingLimits(of participant: ParticipantID) -> [EncodingLimit] {
    (room[participant]?.publications ?? []).compactMap { publication in
      limitsTold[publication.track].map {
        EncodingLimit(publication: publication.track.description, sound: $0)
      }
    }
  }

  /// Everyone has to understand the one encoding that there is: the narrowest path decides.
  func settleEncodingLimits() {
    guard !soundLimits.isEmpty || !limitsTold.isEmpty else { return }
    var limits: [TrackID: SoundRate] = [:]
    for (id, rate) in soundLimits {
      guard let (_, subscription) = subscription(id), let publication = subscription.publication
      else {
        soundLimits[id] = nil
        continue
      }
      // The mix is made for that path, the voices in it are for others.
      guard !isMixed(id) else { continue }
      let track = TrackID(publication)
      limits[track] = max(limits[track] ?? .ample, rate)
    }
    let former = limitsTold
    limitsTold = limits
    for track in Set(limits.keys).union(former.keys) where limits[track] != former[track] {
      guard let (owner, _) = room.publication(track) else { continue }
      sessions[owner]?.link?.send(
        .encoding(
          EncodingLimit(publication: track.description, sound: limits[track] ?? .ample)))
    }
  }
}

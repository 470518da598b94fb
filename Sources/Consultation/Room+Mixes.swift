/// Voices in one stream for narrow paths. The listener hears whom it may hear anyway and nobody else, nothing of it is
/// kept, and nobody but the listener gets it: so the consent to the act that the voices pass by is the mix's, too, and
/// ends it (decision 0011).
extension Room {
  /// - Throws: `noSuchTrack` for what the listener may not receive now, for pictures, and for fewer than two voices;
  ///   `encrypted`.
  public mutating func beginMix(_ mix: VoiceMix) throws(RoomError) -> [RoomEffect] {
    for voice in mix.voices {
      if publication(voice.track)?.1.isEncrypted == true { throw .encrypted(voice.track) }
    }
    guard !mixes.contains(where: { $0.listener == mix.listener }) else { return [] }
    guard isMixable(mix) else { throw .noSuchTrack }
    mixes.append(mix)
    return [.mixBegan(mix)]
  }

  /// Whether it may go on. A mute does not end it: nothing comes then.
  public func mayMix(_ mix: VoiceMix) -> Bool { mixes.contains(mix) && isMixable(mix) }

  /// Nobody needs it any more, or it may not go on.
  public mutating func endMix(for listener: ParticipantID) -> [RoomEffect] {
    guard let mix = mixes.first(where: { $0.listener == listener }) else { return [] }
    mixes.removeAll { $0 == mix }
    return [.mixEnded(mix)]
  }

  private func isMixable(_ mix: VoiceMix) -> Bool {
    mix.voices.count >= 2 && Set(mix.voices).count == mix.voices.count
      && mix.voices.allSatisfy { voice in
        guard let (owner, publication) = publication(voice.track) else { return false }
        return owner == voice.subject && publication.source.isAudio && !publication.isEncrypted
          && mayReceive(mix.listener, voice.track)
      }
  }
}

/// Smaller pictures for narrow paths. They go where the publication itself goes and nowhere else, nothing of them is
/// kept, and nobody looks at them: so the consent to the act that the publication passes by is theirs too, and ends
/// them (decision 0008).
extension Room {
  /// - Throws: `noSuchTrack` for what nobody may receive now, for sound and for what is muted; `encrypted`.
  public mutating func beginRendition(of track: TrackID) throws(RoomError) -> [RoomEffect] {
    guard let (owner, publication) = publication(track) else { throw .noSuchTrack }
    guard !publication.isEncrypted else { throw .encrypted(track) }
    let rendition = Rendition(track: track, subject: owner)
    guard !renditions.contains(rendition) else { return [] }
    renditions.append(rendition)
    guard mayRender(rendition) else {
      renditions.removeLast()
      throw .noSuchTrack
    }
    return [.renditionBegan(rendition)]
  }

  /// Whether it may go on.
  public func mayRender(_ rendition: Rendition) -> Bool {
    guard renditions.contains(rendition), let (owner, publication) = publication(rendition.track)
    else { return false }
    return owner == rendition.subject && !publication.source.isAudio && !publication.muted
      && receivers(of: rendition.track).contains { $0 != owner }
  }

  /// Nobody needs it any more, or it may not go on.
  public mutating func endRendition(of track: TrackID) -> [RoomEffect] {
    guard let rendition = renditions.first(where: { $0.track == track }) else { return [] }
    renditions.removeAll { $0 == rendition }
    return [.renditionEnded(rendition)]
  }
}

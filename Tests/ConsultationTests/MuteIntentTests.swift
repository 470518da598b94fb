import Consultation
import Testing

@Suite("What a participant has muted, under random events")
struct MuteIntentTests {
  @Test(
    "a muted source stays muted, whatever connections do, until its participant opens it",
    arguments: 0..<100 as Range<UInt64>)
  func holds(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    var room = try room("room", limit: 4)
    let ann = try person("ann")
    _ = try room.join(ann, role: .patient, name: nil, at: noon)
    /// What Ann has said, by her own acts alone.
    var muted: Set<MediaSource> = []
    var nextTrack: UInt64 = 1
    for _ in 0..<200 {
      let source = MediaSource.allCases.randomElement(using: &random) ?? .microphone
      let track = room[ann]?.publications.first { $0.source == source }?.track
      switch (Int.random(in: 0..<6, using: &random), track) {
      case (0, nil), (1, nil):
        // A page that comes back says what it believes, or nothing.
        let said = [nil, true, false].randomElement(using: &random) ?? nil
        _ = try room.publish(ann, source, as: TrackID(rawValue: nextTrack), muted: said)
        nextTrack += 1
        if said == true { muted.insert(source) }
      case (0, let track?):
        // The connection is remade, or an offer leaves the source out.
        _ = try room.unpublish(ann, track, keepingMute: true)
      case (1, let track?) where Int.random(in: 0..<8, using: &random) == 0:
        _ = try room.unpublish(ann, track, keepingMute: false)
        muted.remove(source)
      case (2, let track?):
        _ = try room.setMuted(ann, track, true)
        muted.insert(source)
      case (3, let track?):
        _ = try room.setMuted(ann, track, false)
        muted.remove(source)
      case (4, _): _ = try room.suspend(ann)
      case (5, _): _ = try room.resume(ann)
      default: break
      }
      for publication in room[ann]?.publications ?? [] {
        #expect(publication.muted == muted.contains(publication.source))
      }
    }
  }
}

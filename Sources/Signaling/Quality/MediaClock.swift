internal import Consultation
internal import Wire

/// Counts for how long media passes between patient and physician.
struct MediaClock {
  /// Of one look: what the relay sent to whom.
  struct Flow: Hashable {
    var from: ParticipantRole
    var to: ParticipantRole
    var sound = false
    var picture = false
  }

  private var media = MediaDuration.zero
  private var video = MediaDuration.zero

  /// A look that comes late counts for no more than that.
  static let longestLook = MediaDuration.seconds(3)

  mutating func note(_ flows: [Flow], _ span: MediaDuration) {
    let passes = Self.passes(flows)
    let span = min(max(span, .zero), Self.longestLook)
    if passes.media { media = media + span }
    if passes.video { video = video + span }
  }

  /// Of several patients or physicians any two who have each other.
  static func passes(_ flows: [Flow]) -> (media: Bool, video: Bool) {
    func both(_ has: (Flow) -> Bool) -> Bool {
      flows.contains { $0.from == .patient && $0.to == .physician && has($0) }
        && flows.contains { $0.from == .physician && $0.to == .patient && has($0) }
    }
    return (both { $0.sound || $0.picture }, both(\.picture))
  }

  var time: MediaTime {
    MediaTime(media: Int(media.seconds), video: Int(video.seconds))
  }
}

internal import Consultation
internal import Wire

/// Counts for how long media passes between the two sides of an act.
struct MediaClock {
  /// Of one look: what the relay sent to whom.
  struct Flow: Hashable {
    var from: ParticipantRole
    var to: ParticipantRole
    var sound = false
    var picture = false
  }

  private let kind: ConsultationKind
  private var media = MediaDuration.zero
  private var video = MediaDuration.zero

  /// A look that comes late counts for no more than that.
  static let longestLook = MediaDuration.seconds(3)

  init(_ kind: ConsultationKind) { self.kind = kind }

  mutating func note(_ flows: [Flow], _ span: MediaDuration) {
    let passes = Self.passes(flows, kind)
    let span = min(max(span, .zero), Self.longestLook)
    if passes.media { media = media + span }
    if passes.video { video = video + span }
  }

  /// Of several on a side any two who have each other. Where the kind demands somebody else, that one
  /// sends or receives, too.
  static func passes(_ flows: [Flow], _ kind: ConsultationKind) -> (media: Bool, video: Bool) {
    func passes(_ from: ActSide, _ to: ActSide, _ has: (Flow) -> Bool) -> Bool {
      flows.contains { kind.side(of: $0.from) == from && kind.side(of: $0.to) == to && has($0) }
    }
    func both(_ has: (Flow) -> Bool) -> Bool {
      passes(.asking, .performing, has) && passes(.performing, .asking, has)
    }
    if let demanded = kind.demanded,
      !flows.contains(where: {
        ($0.from == demanded || $0.to == demanded) && ($0.sound || $0.picture)
      })
    {
      return (false, false)
    }
    return (both { $0.sound || $0.picture }, both(\.picture))
  }

  var time: MediaTime {
    MediaTime(media: Int(media.seconds), video: Int(video.seconds))
  }
}

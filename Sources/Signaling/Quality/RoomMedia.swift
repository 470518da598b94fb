internal import Consultation
internal import MediaEngine
internal import Quality

/// Who sends and gets what in a room, as the quality monitor needs it. Who is here by a bridge has no path of ours.
struct RoomMedia: Sendable {
  struct Person: Sendable {
    var id: ParticipantID
    var role: ParticipantRole
    var peers: [PeerID]
    var publications: [Participant.Publication]
    var subscriptions: [(id: SubscriptionID, publication: PublicationID?)]
    var signs: SignsOfLife?
    /// Its page sends no pictures, since its way to us carries none.
    var isUplinkTooNarrow = false
    /// Of its microphone, where it is measured.
    var heard: HeardSample?
  }

  var consultation: ConsultationID
  var kind = ConsultationKind.direct
  var worker: Int
  var people: [Person]
  /// Of those who wait: who measures its path now.
  var checks: [Person] = []
}

extension RoomSession {
  var media: RoomMedia {
    RoomMedia(
      consultation: id, kind: room.kind, worker: worker.index,
      people: room.roster.filter { $0.bridge == nil }.map { participant in
        let connections = sessions[participant.id]?.connections ?? []
        return RoomMedia.Person(
          id: participant.id, role: participant.role, peers: connections.compactMap(\.peer),
          publications: participant.publications,
          subscriptions: connections.flatMap { connection in
            connection.subscriptions.map { ($0.id, $0.publication) }
          }, signs: sessions[participant.id]?.link?.signs,
          isUplinkTooNarrow: sessions[participant.id]?.uplinkCarriesVideo == false,
          heard: heard(of: participant))
      }, checks: checkedMedia)
  }
}

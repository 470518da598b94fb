internal import Consultation
internal import MediaEngine

/// What of a picture is of use: told by viewers to the worker, by the worker to the publisher.
extension RoomSession {
  /// The size at which a client shows a picture.
  func setView(_ track: TrackID, _ size: PictureSize, by session: ParticipantSession) {
    guard let connection = session.socketConnection else { return }
    // One that is not received yet is told again when it is.
    for subscription in connection.subscriptions
    where subscription.publication == PublicationID(track) {
      worker.send([.setView(subscription.id, size)])
    }
  }

  func tellEncodings(_ publication: PublicationID, _ rids: [String]) {
    for session in sessions.values {
      guard let connection = session.socketConnection,
        connection.publications.contains(publication)
      else { continue }
      connection.encodings[publication] = rids
      session.link?.send(
        .encodings(publication: TrackID(publication).description, active: rids))
    }
  }

  /// What a client may have missed.
  func tellEncodings(again session: ParticipantSession) {
    guard let connection = session.socketConnection else { return }
    for (publication, rids) in connection.encodings {
      session.link?.send(
        .encodings(publication: TrackID(publication).description, active: rids))
    }
  }
}

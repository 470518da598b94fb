internal import Consultation
internal import Transport
internal import Wire

/// One participant of a room as long as it is on the roster: how to reach the client, and its media
/// connections. Kept by the room's actor and used nowhere else.
final class ParticipantSession {
  /// A browser has one, a load generator up to two (WHIP and WHEP); the rest is head room for
  /// viewers that watch several participants.
  static let connectionLimit = 16

  let id: ParticipantID
  let token: AccessToken
  let resumeToken: ResumeToken
  /// `nil` while the signaling connection is lost, and for WHIP and WHEP.
  var link: ClientLink?
  /// When the time to resume is over; `nil` while a link is there, and for WHIP and WHEP.
  var expiry: (at: MediaInstant, suspension: Participant.Suspension)?
  var connections: [MediaConnection] = []
  /// How fast it may write.
  var words: TokenBucket
  /// What the client says of its own path to us.
  var uplinkCarriesVideo = true

  /// While it waits: connections that look at its path, and nobody else's media is on them.
  var checks: [CheckWay: (connection: MediaConnection, until: MediaInstant)] = [:]
  /// Offers of checks, and results: each is bounded for one stay.
  var checkOffers = 0
  var checkReports = 0

  init(
    id: ParticipantID, token: AccessToken, consultation: ConsultationID, link: ClientLink?,
    now: MediaInstant
  ) {
    self.id = id
    self.token = token
    self.link = link
    words = TokenBucket(capacity: 10, perSecond: 1, now: now)
    var random = SecretRandom()
    resumeToken = ResumeToken(consultation: consultation, participant: id, using: &random)
  }

  /// The media connection that belongs to the WebSocket.
  var socketConnection: MediaConnection? { connections.first { $0.purpose == .socket } }

  /// Nothing holds the participant in the room any more.
  var isDetached: Bool { link == nil && expiry == nil && connections.isEmpty }
}

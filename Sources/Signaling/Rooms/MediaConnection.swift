internal import Consultation
internal import MediaEngine
internal import Wire

/// One RTCPeerConnection of a participant.
final class MediaConnection {
  enum Purpose: Hashable {
    /// Belongs to the signaling connection.
    case socket
    /// RFC 9725: one a participant.
    case whip
    /// draft-ietf-wish-whep: a viewer of `target`.
    case whep(session: String, target: ParticipantID)
    /// Looks at the path of somebody who waits; on no roster.
    case check
  }

  let purpose: Purpose
  var negotiation: NegotiationStateMachine
  /// `nil` before the first offer and after the worker has given the peer up.
  var peer: PeerID?
  /// What the client sends here.
  var publications: Set<PublicationID> = []
  /// Of what it sends as simulcast: the encodings that are of use. Told again to a client that comes back.
  var encodings: [PublicationID: [String]] = [:]
  /// What the client receives here, in the order of the m= sections.
  var subscriptions: [Subscription] = []
  /// Counts ICE sessions, for the `ETag` of WHIP and WHEP (RFC 9725 section 4.3.1).
  var iceGeneration = 1
  /// When the answer to its first offer was ready; `nil` once media can flow.
  var answeredAt: MediaInstant?

  struct Subscription {
    let id: SubscriptionID
    let kind: MediaKind
    var publication: PublicationID?
  }

  init(purpose: Purpose, negotiation: NegotiationStateMachine) {
    self.purpose = purpose
    self.negotiation = negotiation
  }

  var isSocket: Bool { purpose == .socket }

  /// What a subscription carries changes without an offer. The command for the worker.
  func rebind(at index: Int, to publication: PublicationID?) -> WorkerCommand {
    subscriptions[index].publication = publication
    negotiation.rebind(subscriptions[index].id, to: publication)
    return .bindSubscription(subscriptions[index].id, publication)
  }

  /// A strong entity tag, with its quotes (RFC 9110 section 8.8.3).
  var entityTag: String { "\"ice-\(iceGeneration)\"" }
}

public import Congestion
public import Transport
public import Wire

/// What signaling asks of a worker. A value: it crosses the mailbox, nothing is shared.
///
/// Commands about an identifier that the worker does not know are counted and dropped: the peer
/// may have failed while the command was on its way.
public enum WorkerCommand: Sendable {
  case addPeer(PeerID, PeerParameters)
  /// New credentials on the same DTLS association (RFC 8445 section 9): media goes on over the
  /// old path until a check with the new ones arrives.
  case restartICE(PeerID, local: ICECredentials, remote: ICECredentials)
  case removePeer(PeerID)

  /// A publication that exists is replaced: it was negotiated anew. Its viewers go on.
  case addPublication(PublicationID, PublicationParameters)
  /// Sound that comes from no peer: the packets of a feed, as a publication under these payload types.
  case addFed(PublicationID, PacketFeed, [PayloadBinding])
  case removePublication(PublicationID)
  /// The server holds the participant's intent: packets of a muted publication are dropped here,
  /// whatever the client sends.
  case setPublicationMuted(PublicationID, Bool)
  /// What the steps of a narrow path give up first of its pictures.
  case setPublicationPriority(PublicationID, LadderPriority)

  /// A subscription that exists is changed; with the same SSRC its stream goes on. One whose
  /// publication is not there yet is silent until it is.
  case addSubscription(SubscriptionID, SubscriptionParameters)
  /// What the subscription carries from now on; `nil` is silence. A switch asks for a keyframe
  /// and continues sequence numbers, timestamps and picture ids.
  case bindSubscription(SubscriptionID, PublicationID?)
  case removeSubscription(SubscriptionID)
  /// At which size the viewer shows the picture, in pixels of its screen.
  case setView(SubscriptionID, PictureSize)

  /// Copies of the publication's packets go into the tap from now on: what the router takes, so nothing
  /// that is muted. They go on when the publication is negotiated anew.
  case addTap(PublicationID, PacketTap)
  case removeTap(PublicationID, PacketTap)
  /// Whoever decodes the publication cannot go on without a keyframe.
  case askKeyframe(PublicationID)

  /// A smaller picture is made of a publication with one encoding: one more to choose from for its viewers,
  /// from its first keyframe on. It goes on when the publication is negotiated anew.
  case addRendition(PublicationID, PacketFeed)
  case removeRendition(PublicationID, PacketFeed)

  /// From the owner of the socket, not from signaling: datagrams were dropped because they were not
  /// read in time. What is missing now is our own doing; see `Worker.overrunPause`.
  case noteOverrun

  /// Answered by one `WorkerEvent.statistics`.
  case collectStatistics
}

public struct PeerParameters: Hashable, Sendable {
  public var local: ICECredentials
  public var remote: ICECredentials
  /// The `a=fingerprint` values of the offer; a certificate that matches none ends the peer
  /// (RFC 8122 section 5).
  public var remoteFingerprints: [CertificateFingerprint]
  /// Packets should not wait for others to share a turn of the worker with.
  public var wantsLeastDelay = false

  public init(
    local: ICECredentials, remote: ICECredentials, remoteFingerprints: [CertificateFingerprint]
  ) {
    self.local = local
    self.remote = remote
    self.remoteFingerprints = remoteFingerprints
  }
}

/// One sending m= section of a peer, as negotiated.
public struct PublicationParameters: Hashable, Sendable {
  public var peer: PeerID
  /// `a=mid`, at most 16 ASCII octets: longer ones do not fit the one-byte header extension.
  public var mid: String
  public var kind: MediaKind
  public var payloads: [PayloadBinding]
  public var extensions: HeaderExtensionMap
  /// `a=ssrc` of the section and the RTX SSRC that `a=ssrc-group:FID` pairs with it. Empty when the
  /// offer names none (simulcast, Firefox without msid): then learned from the mid extension.
  public var declaredSources: [DeclaredSource]
  /// The names (`a=rid`) of its encodings where it is simulcast (RFC 8853), from the smallest picture up.
  /// Their sources are learned from the rid extension.
  public var encodings: [String] = []
  public static let maximumEncodings = 3
  public var muted: Bool
  /// Negotiated `a=rtcp-fb`.
  public var feedback: RTCPFeedback

  public init(
    peer: PeerID, mid: String, kind: MediaKind, payloads: [PayloadBinding],
    extensions: HeaderExtensionMap, declaredSources: [DeclaredSource], muted: Bool,
    feedback: RTCPFeedback
  ) {
    self.peer = peer
    self.mid = mid
    self.kind = kind
    self.payloads = payloads
    self.extensions = extensions
    self.declaredSources = declaredSources
    self.muted = muted
    self.feedback = feedback
  }
}

public struct DeclaredSource: Hashable, Sendable {
  public var ssrc: SSRC
  public var rtxSSRC: SSRC?

  public init(ssrc: SSRC, rtxSSRC: SSRC?) {
    self.ssrc = ssrc
    self.rtxSSRC = rtxSSRC
  }
}

/// One receiving m= section of a peer: what we send on it.
public struct SubscriptionParameters: Hashable, Sendable {
  public var peer: PeerID
  public var mid: String
  public var kind: MediaKind
  /// Ours, announced in the answer.
  public var ssrc: SSRC
  /// Ours too; `nil` when RTX was not negotiated (then lost packets are sent again as they were).
  public var rtxSSRC: SSRC?
  /// The viewer's payload types. A packet of a codec that is not among them is not forwarded.
  public var payloads: [PayloadBinding]
  public var extensions: HeaderExtensionMap
  public var cname: String
  public var feedback: RTCPFeedback
  public var publication: PublicationID?

  public init(
    peer: PeerID, mid: String, kind: MediaKind, ssrc: SSRC, rtxSSRC: SSRC?,
    payloads: [PayloadBinding], extensions: HeaderExtensionMap, cname: String,
    feedback: RTCPFeedback, publication: PublicationID?
  ) {
    self.peer = peer
    self.mid = mid
    self.kind = kind
    self.ssrc = ssrc
    self.rtxSSRC = rtxSSRC
    self.payloads = payloads
    self.extensions = extensions
    self.cname = cname
    self.feedback = feedback
    self.publication = publication
  }
}

/// The `a=rtcp-fb` that both sides agreed on for an m= section (RFC 4585, RFC 5104,
/// draft-holmer-rmcat-transport-wide-cc-extensions-01).
public struct RTCPFeedback: OptionSet, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let nack = Self(rawValue: 1)
  public static let pli = Self(rawValue: 2)
  public static let fir = Self(rawValue: 4)
  public static let transportCC = Self(rawValue: 8)
  public static let remb = Self(rawValue: 16)
}

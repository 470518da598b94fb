public import Consultation
public import MediaEngine
public import Transport
public import Wire

/// An answer, and what changed with it.
public struct NegotiationResult: Sendable {
  /// What the offer did to the ICE and DTLS association.
  public enum TransportChange: Hashable, Sendable {
    /// A new association. `replacing` is the former one, to be removed with all that it had.
    case new(PeerParameters, replacing: PeerID?)
    case unchanged
    /// New credentials on the same association.
    case iceRestart(local: ICECredentials, remote: ICECredentials)
  }

  public struct AddedPublication: Hashable, Sendable {
    public var id: PublicationID
    public var parameters: PublicationParameters
  }

  public struct AddedSubscription: Hashable, Sendable {
    public var id: SubscriptionID
    public var parameters: SubscriptionParameters
  }

  public struct Rebinding: Hashable, Sendable {
    public var id: SubscriptionID
    public var publication: PublicationID?
  }

  public struct Muting: Hashable, Sendable {
    public var id: PublicationID
    public var muted: Bool
  }

  /// The SDP to send.
  public var answer: String
  public var peer: PeerID
  public var transport: TransportChange

  /// Publications that this connection no longer carries. One that moved to a new peer connection
  /// is in `changedPublications`, not here.
  public var removedPublications: [PublicationID] = []
  public var removedSubscriptions: [SubscriptionID] = []
  public var addedPublications: [AddedPublication] = []
  /// Under the same identifier, with other parameters (payload types, sources, peer).
  public var changedPublications: [AddedPublication] = []
  public var addedSubscriptions: [AddedSubscription] = []
  /// Under the same identifier and SSRC, with other payload types or extensions.
  public var changedSubscriptions: [AddedSubscription] = []
  /// The same stream towards the client, with another publication in it.
  public var reboundSubscriptions: [Rebinding] = []
  public var mutedPublications: [Muting] = []

  /// One entry for each direction of each section in use, in the order of the m= sections.
  public var tracks: [NegotiatedTrack] = []
  /// Sections answered with port 0, and why; those that the client itself stopped are not here.
  public var rejections: [SectionRejection] = []
}

/// A direction of an m= section that is in use.
public struct NegotiatedTrack: Hashable, Sendable {
  public enum Role: Hashable, Sendable {
    case publish(PublicationID, source: MediaSource)
    case subscribe(SubscriptionID, PublicationID?)
  }

  public var mid: String
  public var kind: MediaKind
  public var role: Role
}

/// Why a section of the offer was answered with port 0 while the others live.
public struct SectionRejection: Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    /// `m=application` and whatever else is neither audio nor video.
    case unsupportedMedia(String)
    case unsupportedTransport(String)
    /// The codecs that were offered.
    case noCommonCodec([String])
    case outsideBundle
  }

  /// The position of the m= section, from 0, and its `a=mid`.
  public var section: Int
  public var mid: String?
  public var reason: Reason

  /// A sentence for the developer of the front end.
  public var message: String {
    let name = mid.map { "the section with mid \($0)" } ?? "section \(section)"
    return switch reason {
    case .unsupportedMedia(let media):
      "\(name) was rejected: m=\(media) is not served here, only audio and video are"
    case .unsupportedTransport(let name_):
      "\(name) was rejected: the transport \(name_) is not served here, offer UDP/TLS/RTP/SAVPF"
    case .noCommonCodec(let offered):
      "\(name) was rejected: none of its codecs (\(offered.joined(separator: ", "))) is served "
        + "here; offer opus for audio, VP8 or H264 for video"
    case .outsideBundle:
      "\(name) was rejected: it is not in the BUNDLE group with the others (bundlePolicy max-bundle)"
    }
  }
}

public import Consultation
public import Wire

/// Why an offer cannot be answered at all. `description` is a sentence for the developer of the
/// front end; it goes into the reply as it is.
public enum NegotiationError: Error, Hashable, Sendable {
  /// Not SDP, or beyond the bounds of the parser.
  case malformed(SDPError)
  /// No m= section, or all of them stopped, and there is nothing to answer.
  case nothingOffered
  /// Every section would be answered with port 0.
  case allSectionsRejected([SectionRejection])
  /// Several sections, but no `a=group:BUNDLE`.
  case bundleMissing
  case midMissing(section: Int)
  /// Not 1...16 token characters.
  case midInvalid(String)
  case midDuplicate(String)
  case rtcpMuxMissing(mid: String)
  /// No `a=ice-ufrag` and `a=ice-pwd`, or not as RFC 8839 section 5.4 wants them.
  case iceCredentialsMissing
  case iceCredentialsInvalid
  /// The other side is ICE-lite, like us: then nobody would send checks.
  case bothSidesICELite
  case fingerprintMissing
  /// Only hashes that we refuse (SHA-1, MD5).
  case fingerprintAlgorithm([String])
  case fingerprintInvalid(String)
  /// Only `actpass` and `active` can be answered: we are the DTLS server.
  case setupRefused(SetupRole)
  /// An `a=ssrc` that stands in two sending sections.
  case sourceDuplicate(SSRC)

  /// A re-offer has fewer m= sections than before.
  case sectionsRemoved(before: Int, now: Int)
  /// A re-offer has another mid or kind at the place of a live section.
  case sectionChanged(section: Int, before: String, now: String)

  /// `tracks` names a mid that the offer does not have.
  case bindingWithoutSection(mid: String)
  /// `tracks` publishes (or subscribes) twice on one mid.
  case bindingDuplicate(mid: String)
  /// One publication on two sections.
  case publicationDuplicate(mid: String)
  /// To be published, but the section does not send.
  case sectionDoesNotSend(mid: String, MediaDirection)
  /// To be subscribed, but the section does not receive.
  case sectionDoesNotReceive(mid: String, MediaDirection)
  case sourceKindMismatch(mid: String, source: MediaSource, section: MediaKind)
  case publicationKindMismatch(mid: String, publication: MediaKind, section: MediaKind)
  /// Not a token of 1...64 characters.
  case streamInvalid(String)
  /// WHIP without a section that sends, WHEP without one that receives.
  case nothingToPublish
  case nothingToPlay

  /// A trickle fragment before any offer.
  case noSession
  /// A fragment with an `a=ice-ufrag` that is neither the current one nor comes with a password.
  case fragmentForOtherSession
}

extension NegotiationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let error):
      "the SDP cannot be read: \(error)"
    case .nothingOffered:
      "the offer has no m= section in use: add a track or a transceiver before createOffer()"
    case .allSectionsRejected(let rejections):
      "no section of the offer can be served: "
        + rejections.map(\.message).joined(separator: "; ")
    case .bundleMissing:
      "the offer has several m= sections but no a=group:BUNDLE: all media share one transport "
        + "here, use bundlePolicy \"max-bundle\" or \"balanced\""
    case .midMissing(let section):
      "m= section \(section) has no a=mid, which BUNDLE needs"
    case .midInvalid(let mid):
      "the mid \"\(mid)\" is not 1 to 16 letters, digits or -_.~"
    case .midDuplicate(let mid):
      "two m= sections have the mid \(mid)"
    case .rtcpMuxMissing(let mid):
      "the section with mid \(mid) has no a=rtcp-mux: RTP and RTCP share one port here, use "
        + "rtcpMuxPolicy \"require\""
    case .iceCredentialsMissing:
      "the offer has no a=ice-ufrag and a=ice-pwd"
    case .iceCredentialsInvalid:
      "a=ice-ufrag must be 4 to 256 and a=ice-pwd 22 to 256 letters, digits, + or /"
    case .bothSidesICELite:
      "the offer is a=ice-lite, and so is this server: the client has to be a full ICE agent"
    case .fingerprintMissing:
      "the offer has no a=fingerprint: media is only taken over DTLS-SRTP"
    case .fingerprintAlgorithm(let names):
      "the offer has a fingerprint only by \(names.joined(separator: ", ")): sha-256, sha-384 or "
        + "sha-512 is needed"
    case .fingerprintInvalid(let text):
      "a=fingerprint:\(text) does not have the number of octets of its hash"
    case .setupRefused(let role):
      "the offer says a=setup:\(role.rawValue): this server is the DTLS server, offer actpass or "
        + "active"
    case .sourceDuplicate(let ssrc):
      "a=ssrc:\(ssrc.rawValue) stands in two sending sections"
    case .sectionsRemoved(let before, let now):
      "the offer has \(now) m= sections, the one before had \(before): sections are never removed, "
        + "a stopped one keeps its place with port 0"
    case .sectionChanged(let section, let before, let now):
      "m= section \(section) was \(before) and is now \(now): sections keep their order and mid"
    case .bindingWithoutSection(let mid):
      "tracks names the mid \(mid), which the offer does not have"
    case .bindingDuplicate(let mid):
      "tracks names the mid \(mid) twice for the same direction"
    case .publicationDuplicate(let mid):
      "the publication of mid \(mid) is already on another section"
    case .sectionDoesNotSend(let mid, let direction):
      "mid \(mid) is to be published, but its section is \(direction.rawValue): make it sendonly "
        + "or sendrecv"
    case .sectionDoesNotReceive(let mid, let direction):
      "mid \(mid) is to subscribe, but its section is \(direction.rawValue): make it recvonly or "
        + "sendrecv"
    case .sourceKindMismatch(let mid, let source, let section):
      "mid \(mid) is m=\(section.rawValue), which cannot be published as \(source.rawValue)"
    case .publicationKindMismatch(let mid, let publication, let section):
      "mid \(mid) is m=\(section.rawValue), but the publication is \(publication.rawValue)"
    case .streamInvalid(let stream):
      "\"\(stream)\" cannot be the name of a media stream"
    case .nothingToPublish:
      "the offer has no section that sends: add a track with direction sendonly"
    case .nothingToPlay:
      "the offer has no section that receives: add a transceiver with direction recvonly"
    case .noSession:
      "there is no session yet that the fragment could belong to"
    case .fragmentForOtherSession:
      "the fragment belongs to another ICE session: its a=ice-ufrag is not the one of the offer"
    }
  }
}

internal import Consultation
internal import MediaEngine
internal import Transport
internal import Wire

/// What has been agreed with one peer connection of the client.
struct NegotiatedSession {
  struct Section {
    var mid: String
    /// `audio`, `video`, `application`, ...
    var media: String
    /// Answered with a port. A dead section may come back as another (RFC 9429 section 5.2.2).
    var isLive: Bool
    var publication: Published?
    var subscription: Subscribed?
  }

  struct Published {
    var role: SectionRoles.Publish
    var parameters: PublicationParameters
  }

  struct Subscribed {
    var id: SubscriptionID
    var stream: String?
    var parameters: SubscriptionParameters
  }

  var peer: PeerID
  var local: ICECredentials
  var remote: ICECredentials
  var fingerprints: [CertificateFingerprint]
  /// The `<sess-id>` of the client's `o=`.
  var remoteSessionID: String
  /// The `o=` of our answers (RFC 9429 section 5.2.1).
  var localSessionID: UInt64
  var version: UInt64 = 0
  var sections: [Section] = []

  var publications: [Published] { sections.compactMap(\.publication) }
  var subscriptions: [Subscribed] { sections.compactMap(\.subscription) }

  /// RFC 9429 section 5.2.2: m= sections keep their order, a live one its mid and kind.
  func checkOrder(of offered: [OfferedSection]) throws(NegotiationError) {
    guard offered.count >= sections.count else {
      throw .sectionsRemoved(before: sections.count, now: offered.count)
    }
    for (before, now) in zip(sections, offered) where before.isLive {
      guard before.mid == now.mid, before.media == now.description.media else {
        throw .sectionChanged(
          section: now.index, before: "\(before.media) with mid \(before.mid)",
          now: "\(now.description.media) with mid \(now.mid)")
      }
    }
  }
}

internal import MediaEngine
internal import Wire

/// An m= section of an offer, judged: whether it can be served at all.
struct OfferedSection {
  enum Verdict {
    /// The client stopped it (port 0).
    case stopped
    case rejected(SectionRejection.Reason)
    case accepted(MediaKind, [OfferedCodec])
  }

  /// The position of the m= section, from 0.
  var index: Int
  var description: MediaDescription
  /// `nil` where the offer has none.
  var writtenMID: String?
  /// The client's.
  var direction: MediaDirection
  var verdict: Verdict

  /// What identifies the section: its mid, or its position when it is alone and has none.
  var mid: String { writtenMID ?? "\(index)" }

  var accepted: (kind: MediaKind, codecs: [OfferedCodec])? {
    if case .accepted(let kind, let codecs) = verdict { (kind, codecs) } else { nil }
  }

  var rejection: SectionRejection? {
    guard case .rejected(let reason) = verdict else { return nil }
    return SectionRejection(section: index, mid: writtenMID, reason: reason)
  }

  static func all(in offer: SessionDescription) throws(NegotiationError) -> [OfferedSection] {
    let bundle = offer.groups.first { $0.isBundle }
    let live = offer.sections.filter { !$0.isStopped && MediaKind(rawValue: $0.media) != nil }
    guard bundle != nil || live.count <= 1 else { throw .bundleMissing }

    var sections: [OfferedSection] = []
    var mids: Set<String> = []
    for (index, description) in offer.sections.enumerated() {
      let mid = description.mid
      if let mid {
        // Longer ones do not fit the one-byte header extension (RFC 8843 section 15).
        guard mid.utf8.count <= 16 else { throw .midInvalid(mid) }
        guard mids.insert(mid).inserted else { throw .midDuplicate(mid) }
      } else if offer.sections.count > 1 && !description.isStopped {
        throw .midMissing(section: index)
      }
      let section = OfferedSection(
        index: index, description: description, writtenMID: mid,
        direction: offer.direction(of: description),
        verdict: verdict(on: description, bundle: bundle))
      if section.accepted != nil, !description.isRTCPMux {
        throw .rtcpMuxMissing(mid: section.mid)
      }
      sections.append(section)
    }
    return sections
  }

  private static func verdict(
    on section: MediaDescription, bundle: SectionGroup?
  ) -> Verdict {
    let isBundled = bundle.map { group in section.mid.map(group.mids.contains) ?? false } ?? false
    // Outside a group `bundle-only` has no meaning (RFC 9143 section 7.1.3).
    guard section.port != 0 || (section.isBundleOnly && isBundled) else { return .stopped }
    guard let kind = MediaKind(rawValue: section.media) else {
      return .rejected(.unsupportedMedia(section.media))
    }
    guard transports.contains(section.transport) else {
      return .rejected(.unsupportedTransport(section.transport))
    }
    guard bundle == nil || isBundled else { return .rejected(.outsideBundle) }
    let codecs = OfferedCodec.all(in: section, kind: kind)
    guard !codecs.isEmpty else {
      var names: [String] = []
      for map in section.rtpMaps where !names.contains(map.encoding) && names.count < 16 {
        names.append(map.encoding)
      }
      return .rejected(.noCommonCodec(names))
    }
    return .accepted(kind, codecs)
  }

  /// RFC 9429 section 5.1.2: what stands there does not decide over DTLS, its presence does.
  private static let transports: Set<String> = [
    "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP",
    "RTP/SAVPF", "RTP/SAVP",
  ]
}

internal import MediaEngine
internal import Wire

/// Gives out SSRCs that nobody in the peer connection has (RFC 3550 section 8.1).
struct SourceAllocator {
  private let identifiers: any NegotiationIdentifiers
  private var taken: Set<SSRC>

  init(_ identifiers: any NegotiationIdentifiers, taken session: NegotiatedSession) {
    self.identifiers = identifiers
    taken = []
    for subscription in session.subscriptions {
      taken.insert(subscription.parameters.ssrc)
      if let rtx = subscription.parameters.rtxSSRC { taken.insert(rtx) }
    }
  }

  /// Takes note of what the client sends; a source belongs to one section.
  mutating func reserve(_ publishing: [OfferedSection]) throws(NegotiationError) {
    var declared: Set<SSRC> = []
    for section in publishing {
      let sources = section.description.declaredSources.flatMap {
        [$0.ssrc] + ($0.rtxSSRC.map { [$0] } ?? [])
      }
      for ssrc in Set(sources) {
        guard declared.insert(ssrc).inserted else { throw .sourceDuplicate(ssrc) }
      }
    }
    taken.formUnion(declared)
  }

  mutating func next() -> SSRC {
    // A generator that only repeats itself is a defect, but not one to hang for.
    for _ in 0..<64 {
      let ssrc = identifiers.nextSSRC()
      if taken.insert(ssrc).inserted { return ssrc }
    }
    var raw = identifiers.nextSSRC().rawValue
    while !taken.insert(SSRC(raw)).inserted { raw &+= 1 }
    return SSRC(raw)
  }
}

extension MediaDescription {
  /// The media sources that a section names, each with the source of its retransmissions; at most
  /// 16, more make no sense.
  var declaredSources: [DeclaredSource] {
    let sources = sources
    let named = Set(sources)
    var retransmissions: [SSRC: SSRC] = [:]
    var secondary: Set<SSRC> = []
    for group in sourceGroups where group.sources.count == 2 {
      let (first, second) = (group.sources[0], group.sources[1])
      guard first != second, named.contains(first) else { continue }
      switch group.semantics {
      case "FID" where !secondary.contains(second):
        if retransmissions[first] == nil { retransmissions[first] = second }
        secondary.insert(second)
      case "FEC-FR", "FEC": secondary.insert(second)
      default: break
      }
    }
    return sources.filter { !secondary.contains($0) }.prefix(16).map {
      DeclaredSource(ssrc: $0, rtxSSRC: retransmissions[$0])
    }
  }
}

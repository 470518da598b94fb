internal import Transport
internal import Wire

/// What the answer of a server says about the sections of an offer.
struct AnswerReading: Sendable {
  let remote: ICECredentials
  let fingerprints: [CertificateFingerprint]
  /// Best first.
  let candidates: [TransportAddress]
  let extensions: HeaderExtensionMap
  let outbound: [OutboundPlan]
  let inbound: [InboundPlan]

  /// - Parameters:
  ///   - tag: the number of the track that a section sends, by its mid.
  ///   - content: what it sends.
  ///   - preferred: the address of the signaling server, which comes first among the candidates.
  init(
    _ text: String, to offer: OfferedSections, preferred: IPAddress?,
    content: (Bool) -> OutboundPlan.Content, tag: (String) -> UInt32
  ) throws(ServerComplaint) {
    let answer: SessionDescription
    do {
      answer = try SessionDescription.parse(text)
    } catch {
      throw ServerComplaint("the answer is not SDP: \(error)")
    }
    let live = answer.sections.filter { !$0.isStopped }
    let attributes = answer.attributes + live.flatMap(\.attributes)
    guard let fragment = attributes.iceUsernameFragment, let password = attributes.icePassword,
      let remote = ICECredentials(usernameFragment: fragment, password: password)
    else { throw ServerComplaint("the answer has no ICE credentials, or accepts nothing") }
    self.remote = remote
    fingerprints = attributes.fingerprints.compactMap { CertificateFingerprint(sdp: $0) }
    guard !fingerprints.isEmpty else {
      throw ServerComplaint("the answer has no fingerprint of a hash that we know")
    }
    candidates = Self.addresses(attributes.candidates, preferred: preferred)
    guard !candidates.isEmpty else {
      throw ServerComplaint("the answer has no UDP candidate with an address")
    }
    var map = HeaderExtensionMap()
    var outbound: [OutboundPlan] = []
    var inbound: [InboundPlan] = []
    for section in live {
      guard let mid = section.mid,
        let offered = offer.sections.first(where: { $0.mid == mid })
      else { continue }
      for entry in section.extensionMaps {
        if let meaning = HeaderExtension(uri: entry.uri), entry.id <= 14 {
          map[meaning] = UInt8(entry.id)
        }
      }
      let direction = answer.direction(of: section)
      let main = offered.isVideo ? OfferedSections.vp8 : OfferedSections.opus
      guard section.payloadTypes.contains(main) else { continue }
      let repeats = !offered.isVideo && section.payloadTypes.contains(OfferedSections.red)
      let isRepaired = section.feedback(main).contains("nack")
      let hasRTX = offered.isVideo && section.payloadTypes.contains(OfferedSections.rtx)
      switch offered.use {
      case .send where direction.receives:
        outbound.append(
          OutboundPlan(
            tag: tag(mid), content: content(offered.isVideo), mid: mid, ssrc: offered.ssrc,
            payloadType: main,
            retransmission: hasRTX ? (offered.retransmissionSSRC, OfferedSections.rtx) : nil,
            redundancy: repeats ? OfferedSections.red : nil,
            repairsSound: isRepaired && !offered.isVideo))
      case .receive where direction.sends:
        let pair = section.sourceGroups.first { $0.semantics == "FID" }?.sources ?? []
        inbound.append(
          InboundPlan(
            mid: mid, isVideo: offered.isVideo, ssrc: pair.first ?? section.sources.first,
            payloadTypes: repeats ? [main, OfferedSections.red] : [main],
            retransmission: hasRTX
              ? (pair.count > 1 ? pair[1] : nil, OfferedSections.rtx) : nil,
            usesNACK: isRepaired))
      default: break
      }
    }
    extensions = map
    self.outbound = outbound
    self.inbound = inbound
  }

  /// A server on this machine is reached over loopback, another one never is; and in the family that
  /// signaling uses, IPv4 when we do not know.
  private static func addresses(
    _ candidates: [ICECandidate], preferred: IPAddress?
  ) -> [TransportAddress] {
    let usable = candidates.filter { $0.transport == .udp && $0.component == 1 }
      .sorted { $0.priority > $1.priority }
      .compactMap { candidate -> TransportAddress? in
        guard case .address(let address) = candidate.host, candidate.port > 0 else { return nil }
        return TransportAddress(ip: address, port: candidate.port)
      }
    let isLocal = preferred?.isLoopback ?? false
    let wanted = usable.filter { $0.ip.isLoopback == isLocal }
    let isIPv4 = preferred?.isIPv4 ?? true
    func rank(_ address: TransportAddress) -> Int {
      address.ip == preferred ? 0 : address.ip.isIPv4 == isIPv4 ? 1 : 2
    }
    let ordered = (0...2).flatMap { n in wanted.filter { rank($0) == n } }
    return ordered.isEmpty ? usable : ordered
  }
}

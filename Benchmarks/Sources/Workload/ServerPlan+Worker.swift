public import MediaEngine
public import Transport
public import Wire

/// The plan in the words of a worker.
extension ServerPlan {
  public static let loopback = IPAddress(v4: 0x7F00_0001)

  public func path(of peer: Int) -> NetworkPath {
    NetworkPath(
      remote: TransportAddress(ip: Self.loopback, port: peers[peer].port), local: Self.loopback)
  }

  public func credentials(of peer: Int) -> ICECredentials? {
    ICECredentials(usernameFragment: "peer\(peer)", password: "0123456789012345678901")
  }

  /// Adds the peers, connected.
  /// - Returns: how many the worker took.
  @discardableResult
  public func addPeers(
    to worker: Worker, engine: SRTPEngine, now: MediaInstant, into out: inout OutboundBatch
  ) -> Int {
    var count = 0
    for (i, peer) in peers.enumerated() {
      guard let profile = SRTPProfile(rawValue: profile), let credentials = credentials(of: i),
        let keys = SRTPKeyingMaterial(
          profile: profile, local: peer.serverKey, remote: peer.peerKey),
        let transport = PeerTransport(
          preset: keys, path: path(of: i), local: credentials, remote: credentials,
          timeouts: PeerTransportTimeouts(), engine: engine, now: now),
        worker.addPeer(
          PeerID(rawValue: UInt64(i)), connected: transport,
          fragment: credentials.usernameFragment, now: now, into: &out)
      else { continue }
      count += 1
    }
    return count
  }

  /// Publishes and subscribes.
  public var commands: [WorkerCommand] {
    publications.indices.map {
      .addPublication(PublicationID(rawValue: UInt64($0)), parameters($0))
    }
      + subscriptions.indices.map {
        .addSubscription(
          SubscriptionID(rawValue: UInt64($0)), parameters(ofSubscription: $0))
      }
  }

  private static let feedback: RTCPFeedback = [.nack, .pli, .transportCC]

  private func parameters(_ place: Int) -> PublicationParameters {
    let publication = publications[place]
    return PublicationParameters(
      peer: PeerID(rawValue: UInt64(publication.peer)),
      mid: publication.kind == .video ? "1" : "0", kind: publication.kind,
      payloads: MediaFormat.payloads(publication.kind), extensions: MediaFormat.extensions,
      declaredSources: [
        DeclaredSource(
          ssrc: publication.ssrc,
          rtxSSRC: Self.retransmission(publication.kind, publication.ssrc))
      ], muted: false, feedback: Self.feedback)
  }

  private func parameters(ofSubscription place: Int) -> SubscriptionParameters {
    let subscription = subscriptions[place]
    let kind = publications[subscription.publication].kind
    return SubscriptionParameters(
      peer: PeerID(rawValue: UInt64(subscription.peer)), mid: "\(2 + place % 100)", kind: kind,
      ssrc: subscription.ssrc, rtxSSRC: Self.retransmission(kind, subscription.ssrc),
      payloads: MediaFormat.payloads(kind), extensions: MediaFormat.extensions,
      cname: "benchmark", feedback: Self.feedback,
      publication: PublicationID(rawValue: UInt64(subscription.publication)))
  }

  private static func retransmission(_ kind: MediaKind, _ ssrc: SSRC) -> SSRC? {
    kind == .video ? SSRC(ssrc.rawValue ^ retransmissionBit) : nil
  }
}

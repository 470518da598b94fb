public import Wire

/// What a server of a benchmark is told before it starts, as lines of text that the floor, which is
/// C, reads too.
public struct ServerPlan: Sendable {
  public struct Peer: Sendable {
    /// On the loopback of IPv4.
    public var port: UInt16
    /// Master key and salt of what the server sends, and of what the peer sends.
    public var serverKey: [UInt8]
    public var peerKey: [UInt8]

    public init(port: UInt16, serverKey: [UInt8], peerKey: [UInt8]) {
      self.port = port
      self.serverKey = serverKey
      self.peerKey = peerKey
    }
  }

  /// Of a peer, named by its place.
  public struct Publication: Sendable {
    public var peer: Int
    public var kind: MediaKind
    public var ssrc: SSRC

    public init(peer: Int, kind: MediaKind, ssrc: SSRC) {
      self.peer = peer
      self.kind = kind
      self.ssrc = ssrc
    }
  }

  public struct Subscription: Sendable {
    public var peer: Int
    public var publication: Int
    public var ssrc: SSRC

    public init(peer: Int, publication: Int, ssrc: SSRC) {
      self.peer = peer
      self.publication = publication
      self.ssrc = ssrc
    }
  }

  /// How an RTX SSRC follows from the one that it is for.
  public static let retransmissionBit: UInt32 = 0x4000_0000

  /// The name of an SRTP profile in the IANA registry.
  public var profile: String
  /// Microseconds at most that a packet waits for others.
  public var hold: Int
  public var peers: [Peer] = []
  public var publications: [Publication] = []
  public var subscriptions: [Subscription] = []

  public init(profile: String, hold: Int) {
    self.profile = profile
    self.hold = hold
  }

  // MARK: Text

  public var text: String {
    var lines = ["profile \(profile)", "hold \(hold)"]
    for peer in peers {
      lines.append("peer \(peer.port) \(hex(peer.serverKey)) \(hex(peer.peerKey))")
    }
    for publication in publications {
      let kind = publication.kind == .video ? "video" : "audio"
      lines.append("publication \(publication.peer) \(kind) \(publication.ssrc.rawValue)")
    }
    for subscription in subscriptions {
      lines.append(
        "subscription \(subscription.peer) \(subscription.publication) "
          + "\(subscription.ssrc.rawValue)")
    }
    return lines.joined(separator: "\n") + "\ngo\n"
  }

  /// Reads lines to the one that says `go`; `nil` when one is not understood.
  public init?(lines: () -> String?) {
    self.init(profile: "", hold: 0)
    while let line = lines() {
      let words = line.split(separator: " ")
      if words == ["go"] { return }
      guard read(words) else { return nil }
    }
    return nil
  }

  private mutating func read(_ words: [Substring]) -> Bool {
    switch words.first {
    case "profile" where words.count == 2: profile = String(words[1])
    case "hold" where words.count == 2:
      guard let value = Int(words[1]) else { return false }
      hold = value
    case "peer" where words.count == 4:
      guard let port = UInt16(words[1]) else { return false }
      peers.append(Peer(port: port, serverKey: octets(words[2]), peerKey: octets(words[3])))
    case "publication" where words.count == 4:
      guard let peer = Int(words[1]), let ssrc = UInt32(words[3]) else { return false }
      publications.append(
        Publication(peer: peer, kind: words[2] == "video" ? .video : .audio, ssrc: SSRC(ssrc)))
    case "subscription" where words.count == 4:
      guard let peer = Int(words[1]), let publication = Int(words[2]),
        let ssrc = UInt32(words[3])
      else { return false }
      subscriptions.append(
        Subscription(peer: peer, publication: publication, ssrc: SSRC(ssrc)))
    default: return false
    }
    return true
  }
}

private func hex(_ octets: [UInt8]) -> String {
  octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private func octets(_ text: Substring) -> [UInt8] {
  let digits = text.compactMap { $0.hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}

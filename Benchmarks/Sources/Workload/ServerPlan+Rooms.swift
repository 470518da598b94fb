public import Wire

extension ServerPlan {
  /// Everyone of a room sees all its publishers; each publishes a camera and a microphone. Ports are
  /// still to be set.
  /// - Parameter keyLength: octets of a master key with its salt.
  public init(
    rooms: [LoadCase.Room], profile: String, keyLength: Int, hold: Int,
    random: inout SeededRandom
  ) {
    self.init(profile: profile, hold: hold)
    var nextSource: UInt32 = 1000
    for room in rooms {
      let members = peers.count..<(peers.count + room.participants)
      for _ in members {
        let server = (0..<keyLength).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let peer = (0..<keyLength).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        peers.append(Peer(port: 0, serverKey: server, peerKey: peer))
      }
      for publisher in members.prefix(room.publishers) {
        for kind in [MediaKind.video, .audio] {
          nextSource += 2
          publications.append(
            Publication(peer: publisher, kind: kind, ssrc: SSRC(nextSource)))
          for viewer in members where viewer != publisher {
            nextSource += 2
            subscriptions.append(
              Subscription(
                peer: viewer, publication: publications.count - 1, ssrc: SSRC(nextSource)))
          }
        }
      }
    }
  }

  public func viewers(of publication: Int) -> Int {
    subscriptions.count { $0.publication == publication }
  }
}

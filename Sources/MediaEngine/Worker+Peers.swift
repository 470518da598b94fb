internal import Forwarding
public import Transport
public import Wire

/// Peers come, change and go.
extension Worker {
  func addPeer(_ id: PeerID, _ parameters: PeerParameters, _ now: MediaInstant) {
    let transport = PeerTransport(
      local: parameters.local, remote: parameters.remote,
      remoteFingerprints: parameters.remoteFingerprints, context: dtls,
      timeouts: configuration.timeouts, engine: configuration.srtpEngine, now: now)
    _ = install(
      id, transport, fragment: parameters.local.usernameFragment,
      wantsLeastDelay: parameters.wantsLeastDelay, now)
  }

  /// Adds a peer that is connected already, its keys being preset. For simulations and benchmarks;
  /// commands speak of it like of any other.
  /// - Parameter fragment: the local username fragment of its transport.
  /// - Returns: whether there was room.
  @discardableResult
  public func addPeer(
    _ id: PeerID, connected transport: PeerTransport, fragment: String, now: MediaInstant,
    into out: inout OutboundBatch
  ) -> Bool {
    guard let peer = install(id, transport, fragment: fragment, now) else { return false }
    followTransport(peer, now, &out)
    return true
  }

  /// - Returns: `nil` when there is no room, or the id or the fragment is taken.
  func install(
    _ id: PeerID, _ transport: PeerTransport, fragment: String, wantsLeastDelay: Bool = false,
    _ now: MediaInstant
  ) -> Peer? {
    guard peerPlaces[id] == nil else {
      counters.count(.duplicatePeer)
      return nil
    }
    guard let place = freePlaces.last, table.name(place, fragment) else {
      counters.count(.tableFull)
      events.append(.peerFailed(id, .overload))
      return nil
    }
    freePlaces.removeLast()
    let peer = Peer(
      id: id, place: place, transport: transport, media: media,
      sourceCapacity: configuration.sourcesPerPeer, wantsLeastDelay: wantsLeastDelay,
      random: &random)
    peers[Int(place)] = peer
    peerPlaces[id] = place
    schedule(peer, now)
    return peer
  }

  func restartICE(
    _ id: PeerID, _ local: ICECredentials, _ remote: ICECredentials, _ now: MediaInstant,
    _ out: inout OutboundBatch
  ) {
    guard let peer = peer(id) else {
      counters.count(.unknownPeer)
      return
    }
    guard table.name(peer.place, local.usernameFragment) else {
      counters.count(.tableFull)
      return
    }
    peer.transport.restartICE(local: local, remote: remote)
    followTransport(peer, now, &out)
  }

  func removePeer(_ id: PeerID, _ now: MediaInstant, _ out: inout OutboundBatch) {
    guard let peer = peer(id) else {
      counters.count(.unknownPeer)
      return
    }
    peer.transport.close(arena: arena, into: &out)
    followTransport(peer, now, &out)
    if self.peer(at: peer.place) === peer { forget(peer) }
  }

  func peer(_ id: PeerID) -> Peer? { peerPlaces[id].flatMap { peer(at: $0) } }

  /// Drops a peer with all that belongs to it.
  private func forget(_ peer: Peer) {
    for record in peer.publications { dropPublication(record) }
    for record in peer.subscriptions { dropSubscription(record) }
    press(peer, false)
    table.removeAll(of: peer.place)
    movers.removeAll(of: peer.place)
    timers.set(Int(peer.place), nil)
    peers[Int(peer.place)] = nil
    media.remove(at: peer.place)
    peerPlaces[peer.id] = nil
    freePlaces.append(peer.place)
  }

  private func press(_ peer: Peer, _ isPressing: Bool) {
    guard peer.isPressing != isPressing else { return }
    peer.isPressing = isPressing
    pressing += isPressing ? 1 : -1
  }

  /// Takes what changed at a peer's transport.
  func followTransport(_ peer: Peer, _ now: MediaInstant, _ out: inout OutboundBatch) {
    while let event = peer.transport.nextEvent() {
      switch event {
      case .addressAdded(let address):
        if !table.bind(address, to: peer.place) { counters.count(.addressTableFull) }
        movers.remove(address)
      case .addressRemoved(let address): table.unbind(address, from: peer.place)
      case .moved: pathMoved(peer, now)
      case .credentialsRetired(let fragment): table.unname(peer.place, fragment)
      case .connected(let profile):
        events.append(.peerConnected(peer.id, profile))
        peer.nextReport = now + configuration.reportInterval / 2
        for record in peer.subscriptions {
          // The first report will know better.
          if let time = peer.transport.handshakeTime {
            router.noteHandshake(time, of: record.handle)
          }
          carry(record, now)
        }
        sendForwarded(now, &out)
      case .disconnected: events.append(.peerDisconnected(peer.id))
      case .recovered: events.append(.peerRecovered(peer.id))
      case .failed(let failure):
        // Addresses are forgotten in events before this one.
        forget(peer)
        events.append(.peerFailed(peer.id, PeerFailure(failure)))
        return
      }
    }
    press(peer, peer.transport.isHandshaking || peer.wantsLeastDelay)
    schedule(peer, now)
  }
}

extension PeerFailure {
  init(_ failure: PeerTransportFailure) {
    self =
      switch failure {
      case .iceTimeout: .iceTimeout
      case .dtlsTimeout: .dtlsTimeout
      case .dtlsError: .dtlsError
      case .fingerprintMismatch: .fingerprintMismatch
      case .consentExpired: .consentExpired
      case .closedByPeer: .closedByPeer
      }
  }
}

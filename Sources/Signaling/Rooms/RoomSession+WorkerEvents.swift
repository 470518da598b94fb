internal import Consultation
internal import Logging
internal import MediaEngine
internal import Wire

/// What the worker tells.
extension RoomSession {
  /// - Parameter events: of peers and tracks of this room.
  func handle(_ events: [WorkerEvent]) async {
    await exclusively {
      for event in events { await handle(event) }
    }
  }

  private func handle(_ event: WorkerEvent) async {
    switch event {
    case .peerConnected(let peer, _):
      await noteConnected(peer)
      tell(peer, .connected)
    case .peerDisconnected(let peer):
      tell(peer, .disconnected)
    case .peerRecovered(let peer):
      tell(peer, .connected)
    case .peerFailed(let peer, let failure):
      await failed(peer, failure)
    case .subscriptionAdapted(let subscription, let step, let reason):
      adapted(subscription, step, reason)
    case .encodingsNeeded(let publication, let rids):
      tellEncodings(publication, rids)
    case .renditionNeeded(let publication, let isNeeded):
      await renditionNeeded(publication, isNeeded)
    case .soundLimited(let subscription, let rate):
      soundLimited(subscription, rate)
    case .publicationStarted, .subscriptionStarted, .statistics:
      break
    }
  }

  private func noteConnected(_ peer: PeerID) async {
    guard let (_, connection) = connection(of: peer), let since = connection.answeredAt else {
      return
    }
    connection.answeredAt = nil
    await environment.quality?.note(
      connect: environment.clock.now() - since, in: id)
  }

  private func tell(_ peer: PeerID, _ state: ServerMessage.MediaState) {
    guard let (session, connection) = connection(of: peer), connection.isSocket else { return }
    session.link?.send(.media(state))
  }

  private func connection(of peer: PeerID) -> (ParticipantSession, MediaConnection)? {
    guard let owner = owners[peer], let session = sessions[owner],
      let connection = session.connections.first(where: { $0.peer == peer })
    else { return nil }
    return (session, connection)
  }

  private func failed(_ peer: PeerID, _ failure: PeerFailure) async {
    guard let (session, connection) = connection(of: peer) else { return }
    // A client that closes its connection has not failed.
    if failure != .closedByPeer {
      environment.counters.add(.mediaFailures)
      environment.logger.notice(
        "media failed",
        metadata: [
          "consultation": "\(id)", "participant": "\(session.id)",
          "reason": "\(failure.rawValue)",
        ])
    }
    // The worker has dropped the peer already.
    owners[peer] = nil
    connection.peer = nil
    forgetMixes(of: connection.publications)
    guard !connection.isSocket else {
      // The next offer comes from a new RTCPeerConnection; the publications keep their names, so
      // that the others do not have to do anything.
      connection.negotiation.forgetPeer()
      connection.subscriptions = []
      forgetVoices(of: connection.publications)
      forgetMeasurements(of: connection.publications)
      settleRecording()
      session.link?.send(.media(.failed))
      return
    }
    await remove(connection, of: session, reason: failure.leaveReason)
  }

  /// Ends one media connection of WHIP or WHEP, and the participant with its last one.
  func remove(
    _ connection: MediaConnection, of session: ParticipantSession, reason: LeaveReason
  ) async {
    release(connection)
    session.connections.removeAll { $0 === connection }
    var next = room
    var effects: [RoomEffect] = []
    if session.isDetached {
      effects = (try? next.leave(session.id, reason: reason)) ?? []
    } else {
      for publication in connection.publications {
        effects +=
          (try? next.unpublish(session.id, TrackID(publication), keepingMute: true)) ?? []
      }
    }
    await recorder.note(effects)
    room = next
    settle(effects)
  }
}

extension PeerFailure {
  /// Of a participant that has nothing but this media connection.
  var leaveReason: LeaveReason {
    switch self {
    case .closedByPeer: .left
    case .consentExpired: .connectionLost
    case .iceTimeout, .dtlsTimeout, .dtlsError, .fingerprintMismatch, .overload: .mediaFailed
    }
  }
}

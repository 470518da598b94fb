public import Wire

/// Everything between a datagram and plaintext RTP for one peer: ICE-lite, DTLS (we are passive)
/// and SRTP. Confined to one thread; every verb takes the time.
///
/// Whoever calls `receive`, `handleTimeout`, `restartICE` or `close` takes the events afterwards.
public final class PeerTransport {
  public enum Received: Equatable, Sendable {
    /// STUN or DTLS, dealt with; answers are in the batch.
    case consumed
    /// Decrypted in place: a plaintext RTP packet of this length is at the start of the slot.
    case rtp(length: Int)
    /// The same for a compound RTCP packet.
    case rtcp(length: Int)
    case refused(TransportRefusal)
  }

  private enum Phase: Equatable {
    /// No authenticated check yet.
    case checking(until: MediaInstant)
    case handshaking(until: MediaInstant)
    case connected
    /// No check for `PeerTransportTimeouts.consent`.
    case disconnected
    case over
  }

  /// What packets of media need of this transport.
  public let media = MediaTransport()

  /// Where to send now: `nil` before the first authenticated check, when consent expired
  /// (`PeerTransportTimeouts.consentExpiry`), and after the end.
  public private(set) var sendPath: NetworkPath? {
    get { media.state.pointee.sendPath }
    set { media.state.pointee.sendPath = newValue }
  }

  /// Whether the handshake is done and the peer is not over.
  public private(set) var isConnected: Bool {
    get { media.state.pointee.isConnected }
    set { media.state.pointee.isConnected = newValue }
  }

  /// Whether the peer's address is proved and its keys are not agreed yet.
  public var isHandshaking: Bool {
    if case .handshaking = phase { true } else { false }
  }

  /// Packets by another path after which we send there too.
  static let followedAfter = 3

  private var phase: Phase
  /// The path that media comes by since it does not come by `sendPath`.
  private var elsewhere: (path: NetworkPath, packets: Int)?
  private var agent: ICELiteAgent
  private var dtls: DTLSTransport?
  private var events: [PeerTransportEvent] = []
  /// `nil`: keys were preset, DTLS is refused.
  private let context: DTLSContext?
  private let remoteFingerprints: [CertificateFingerprint]
  private let timeouts: PeerTransportTimeouts
  private let engine: SRTPEngine

  public init(
    local: ICECredentials, remote: ICECredentials, remoteFingerprints: [CertificateFingerprint],
    context: DTLSContext, timeouts: PeerTransportTimeouts, engine: SRTPEngine = .default,
    now: MediaInstant
  ) {
    self.engine = engine
    self.context = context
    self.remoteFingerprints = remoteFingerprints
    self.timeouts = timeouts
    agent = ICELiteAgent(local: local, remote: remote, pathSilence: timeouts.pathSilence)
    phase = .checking(until: now + timeouts.ice)
  }

  /// A peer that is connected at once over this path, without checks or a handshake: for simulations
  /// and benchmarks. It never times out unless checks arrive and then stop. `nil` when the SRTP
  /// library fails.
  public init?(
    preset keys: SRTPKeyingMaterial, path: NetworkPath, local: ICECredentials,
    remote: ICECredentials, timeouts: PeerTransportTimeouts, engine: SRTPEngine = .default,
    now: MediaInstant
  ) {
    self.engine = engine
    self.timeouts = timeouts
    context = nil
    remoteFingerprints = []
    agent = ICELiteAgent(
      preset: path, local: local, remote: remote, pathSilence: timeouts.pathSilence, now: now)
    phase = .connected
    media.state.pointee.srtp = SRTPTransform(keys, engine: engine)
    if media.state.pointee.srtp == nil { return nil }
    sendPath = path
    isConnected = true
    events = [.addressAdded(path.remote), .connected(keys.profile)]
  }

  deinit { media.deallocate() }

  // MARK: Media

  /// See `MediaTransport.protectRTP`.
  public func protectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    media.protectRTP(buffer, length: length)
  }

  /// See `MediaTransport.protectRTCP`.
  public func protectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    media.protectRTCP(buffer, length: length)
  }

  // MARK: Datagrams

  /// Takes one datagram. The slot stays the caller's in every case; answers get slots of their own
  /// from `arena`.
  public func receive(
    _ slot: PacketSlot, length: Int, path: NetworkPath, now: MediaInstant, arena: PacketArena,
    into out: inout OutboundBatch
  ) -> Received {
    let buffer = arena.buffer(slot)
    guard length >= 0, length <= buffer.count else { return .refused(.unknownKind) }
    let datagram = UnsafeRawBufferPointer(rebasing: buffer[..<length])
    switch DatagramKind(datagram) {
    case .rtp:
      switch media.unprotectRTP(buffer, length: length) {
      case .packet(let length): return .rtp(length: length)
      case .refused(let reason): return .refused(reason)
      }
    case .rtcp:
      switch media.unprotectRTCP(buffer, length: length) {
      case .packet(let length): return .rtcp(length: length)
      case .refused(let reason): return .refused(reason)
      }
    case .stun: return receiveSTUN(datagram, path: path, now: now, arena: arena, into: &out)
    case .dtls: return receiveDTLS(datagram, path: path, now: now, arena: arena, into: &out)
    case nil: return .refused(.unknownKind)
    }
  }

  private func receiveSTUN(
    _ datagram: UnsafeRawBufferPointer, path: NetworkPath, now: MediaInstant, arena: PacketArena,
    into out: inout OutboundBatch
  ) -> Received {
    guard phase != .over else { return .refused(.stunUnauthenticated) }
    // Without a free slot the check is lost, as it could be on the wire: it comes again.
    guard let slot = arena.allocate() else { return .consumed }
    let outcome = agent.receive(
      datagram, path: path, now: now, answer: arena.buffer(slot)
    ) { events.append($0) }
    let answer: Int
    let received: Received
    switch outcome {
    case .answered(let length):
      (answer, received) = (length, .consumed)
      noteCheck(now: now)
    case .rejected(let length): (answer, received) = (length, .refused(.stunRejected))
    case .ignored: (answer, received) = (0, .consumed)
    case .confirmed:
      (answer, received) = (0, .consumed)
      noteCheck(now: now)
    case .refused(let reason): (answer, received) = (0, .refused(reason))
    }
    if answer > 0 {
      out.append(slot, length: answer, path: path)
    } else {
      arena.release(slot)
    }
    return received
  }

  private func noteCheck(now: MediaInstant) {
    let before = sendPath
    sendPath = agent.selected
    switch phase {
    case .checking: phase = .handshaking(until: now + timeouts.dtls)
    case .disconnected:
      phase = .connected
      events.append(.recovered)
    case .handshaking, .connected, .over: break
    }
    guard phase == .connected, before != sendPath else { return }
    media.state.pointee.isLeaving = false
    elsewhere = nil
    events.append(.moved)
  }

  /// An authentic packet of media came by a path of which `MediaTransport.isNews` says so. Whoever
  /// controls ICE sends where it wants to get: it is followed there, once `followedAfter` packets in a row
  /// came by a path that has been checked, so that a few that come late from the former one move nothing.
  /// An address that no check came from is asked first (`PathChallenge`): source addresses can be forged.
  ///
  /// - Returns: whether a question is on its way to the address: its answer is to be given to this peer.
  public func noteMedia(
    by path: NetworkPath, now: MediaInstant, arena: PacketArena, into out: inout OutboundBatch
  ) -> Bool {
    guard phase == .connected || phase == .disconnected else { return false }
    guard path != sendPath else {
      media.state.pointee.isLeaving = false
      elsewhere = nil
      return false
    }
    guard agent.hasConsent(on: path, now: now) else {
      // A connection of TCP that was not checked is none of this peer.
      guard path.remote.transport == .udp, let slot = arena.allocate() else { return false }
      guard let length = agent.challenge(path, now: now, into: arena.buffer(slot)) else {
        arena.release(slot)
        return agent.challenge?.path == path
      }
      out.append(slot, length: length, path: path)
      return true
    }
    let packets = elsewhere?.path == path ? (elsewhere?.packets ?? 0) + 1 : 1
    if packets < Self.followedAfter {
      elsewhere = (path, packets)
      media.state.pointee.isLeaving = true
    } else {
      agent.select(path)
      noteCheck(now: now)
    }
    return false
  }

  private func receiveDTLS(
    _ datagram: UnsafeRawBufferPointer, path: NetworkPath, now: MediaInstant, arena: PacketArena,
    into out: inout OutboundBatch
  ) -> Received {
    guard phase != .over, let context else { return .refused(.dtlsRefused) }
    // Return routability: whoever forges a source address cannot have answered for it in ICE.
    guard agent.isValid(path) else { return .refused(.dtlsUnverifiedPath) }
    if dtls == nil {
      dtls = DTLSTransport(context: context, role: .passive, expected: remoteFingerprints)
    }
    guard let dtls else {
      fail(.dtlsError)
      return .refused(.dtlsRefused)
    }
    guard dtls.receive(datagram, now: now, arena: arena, path: path, into: &out) else {
      return .refused(.dtlsRefused)
    }
    followDTLS()
    return .consumed
  }

  private func followDTLS() {
    guard let dtls else { return }
    switch dtls.state {
    case .handshaking: break
    case .connected(let profile):
      if media.state.pointee.srtp != nil { return }
      if let keys = dtls.keyingMaterial() {
        media.state.pointee.srtp = SRTPTransform(keys, engine: engine)
      }
      if media.state.pointee.srtp == nil {
        fail(.dtlsError)
        return
      }
      phase = .connected
      isConnected = true
      events.append(.connected(profile))
    case .closed: fail(.closedByPeer)
    case .failed(let reason): fail(reason)
    }
  }

  /// A packet of media has come from the peer, so it has the end of the handshake: what OpenSSL keeps
  /// for repeating that is freed. Costs nothing the second time.
  public func noteMedia() {
    guard let dtls, !dtls.isRetired else { return }
    dtls.retire()
  }

  /// How long the peer took for the handshake: a round trip, or more. `nil` before the end of it.
  public var handshakeTime: MediaDuration? { dtls?.handshakeTime }

  // MARK: Time

  /// When `handleTimeout` wants to be called next. May only move later when checks arrive: a call
  /// that comes too early is harmless.
  public var nextDeadline: MediaInstant? {
    guard phase != .over else { return nil }
    var next = phaseDeadline
    for other in [dtls?.deadline, agent.nextPathDeadline] {
      if let other, next.map({ other < $0 }) ?? true { next = other }
    }
    return next
  }

  private var phaseDeadline: MediaInstant? {
    switch phase {
    case .checking(let until), .handshaking(let until): return until
    case .connected: return agent.lastCheck.map { $0 + timeouts.consent }
    case .disconnected:
      guard let last = agent.lastCheck else { return nil }
      let end = last + timeouts.consent + timeouts.peer
      let expiry = last + PeerTransportTimeouts.consentExpiry
      return sendPath == nil ? end : min(expiry, end)
    case .over: return nil
    }
  }

  public func handleTimeout(
    now: MediaInstant, arena: PacketArena, into out: inout OutboundBatch
  ) {
    if let dtls, let path = sendPath {
      dtls.handleTimeout(now: now, arena: arena, path: path, into: &out)
      followDTLS()
    }
    agent.forgetSilentPaths(now: now) { events.append($0) }
    // Twice at most: a peer that was not looked at for long is disconnected and fails at once.
    for _ in 0..<2 {
      guard let deadline = phaseDeadline, now >= deadline else { return }
      advance(now: now)
    }
  }

  private func advance(now: MediaInstant) {
    switch phase {
    case .checking: fail(.iceTimeout)
    case .handshaking: fail(.dtlsTimeout)
    case .connected:
      phase = .disconnected
      events.append(.disconnected)
    case .disconnected:
      sendPath = nil
      if let last = agent.lastCheck, now - last >= timeouts.consent + timeouts.peer {
        fail(.consentExpired)
      }
    case .over: break
    }
  }

  // MARK: Signaling

  /// New credentials on the same DTLS association (RFC 8445 section 9). The old ones are accepted
  /// until the first check with the new ones arrives; media goes on over the old path until then.
  /// The same local credentials again are no restart.
  public func restartICE(local: ICECredentials, remote: ICECredentials) {
    guard phase != .over else { return }
    agent.restart(local: local, remote: remote) { events.append($0) }
  }

  /// Says goodbye (close_notify) and frees what OpenSSL and libsrtp hold. The peer refuses everything
  /// afterwards; there is no `failed` event.
  public func close(arena: PacketArena, into out: inout OutboundBatch) {
    guard phase != .over else { return }
    if let path = sendPath { dtls?.close(arena: arena, path: path, into: &out) }
    end()
  }

  private func fail(_ reason: PeerTransportFailure) {
    guard phase != .over else { return }
    end()
    events.append(.failed(reason))
  }

  private func end() {
    phase = .over
    isConnected = false
    sendPath = nil
    dtls = nil
    media.state.pointee.srtp = nil
    agent.forgetAll { events.append($0) }
  }

  // MARK: Events

  /// Whether `nextEvent()` would return something.
  public var hasEvents: Bool { !events.isEmpty }

  /// The oldest change that was not taken yet.
  public func nextEvent() -> PeerTransportEvent? {
    events.isEmpty ? nil : events.removeFirst()
  }
}

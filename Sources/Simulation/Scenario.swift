public import MediaEngine
public import Transport
public import Wire

/// A worker, its peers and the network between them, under virtual time. A function of its seed.
public final class Scenario {
  public struct Member {
    public var id: PeerID
    public var peer: SimulatedPeer
  }

  public let seed: UInt64
  public let worker: Worker
  public let arena: PacketArena
  public private(set) var now: MediaInstant
  public var network: VirtualNetwork
  public private(set) var members: [Member] = []
  public private(set) var events: [(time: MediaInstant, event: WorkerEvent)] = []
  /// Fewest free slots ever.
  public private(set) var leastFree: Int

  private var batch: OutboundBatch
  private var random: SeededRandom
  private let wallOffset = MediaDuration.seconds(1_800_000_000)
  private var nextPort: UInt16 = 10_000
  private var byAddress: [TransportAddress: Int] = [:]
  private var simulcast: [PublicationID: (peer: SimulatedPeer, tracks: [SimulatedTrack])] = [:]

  /// - Parameter dtls: not used for handshakes; a worker wants one.
  public init(seed: UInt64, dtls: DTLSContext, configuration: WorkerConfiguration) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    now = MediaInstant(nanoseconds: 1_000_000_000)
    arena = PacketArena(slotCount: configuration.arenaSlots)
    leastFree = configuration.arenaSlots
    network = VirtualNetwork(seed: random.next())
    worker = Worker(
      configuration: configuration, arena: arena, dtls: dtls, seed: random.next(),
      wallOffset: wallOffset)
    batch = OutboundBatch(capacity: 4096, arena: arena)
  }

  // MARK: Members

  /// - Parameter clockOffset: how far the peer's wall clock is ahead of the worker's.
  public func join(
    up: LinkConditions, down: LinkConditions, profile: SRTPProfile = .aeadAES128GCM,
    clockOffset: MediaDuration = .zero
  ) throws(ScenarioError) -> Member {
    let address = TransportAddress(ip: IPAddress(v4: 0x0A00_0001), port: nextPort)
    nextPort += 1
    let path = NetworkPath(remote: address, local: IPAddress(v4: 0x0A00_00FE))
    let length = profile.keyLength + profile.saltLength
    guard
      let keys = SRTPKeyingMaterial(
        profile: profile, local: octets(length), remote: octets(length)),
      let credentials = ICECredentials(
        usernameFragment: "peer\(address.port)", password: String(repeating: "p", count: 24)),
      let inside = PeerTransport(
        preset: keys, path: path, local: credentials, remote: credentials,
        timeouts: PeerTransportTimeouts(), now: now),
      let outside = PeerTransport(
        preset: keys.mirrored, path: path, local: credentials, remote: credentials,
        timeouts: PeerTransportTimeouts(), now: now)
    else { throw .transport }
    let id = PeerID(rawValue: UInt64(members.count + 1))
    let added = worker.addPeer(
      id, connected: inside, fragment: credentials.usernameFragment, now: now, into: &batch)
    guard added else { throw .workerFull }
    let peer = SimulatedPeer(
      address: address, transport: outside, path: path, wallOffset: wallOffset,
      clockOffset: clockOffset, seed: random.next(), now: now)
    network.connect(address, up: up, down: down)
    let member = Member(id: id, peer: peer)
    byAddress[address] = members.count
    members.append(member)
    return member
  }

  /// Publishes a track and tells the worker.
  public func publish(
    _ track: SimulatedTrack, by member: Member,
    feedback: RTCPFeedback = [.nack, .pli, .transportCC],
    isDeclared: Bool = true
  ) -> PublicationID {
    let id = PublicationID(rawValue: UInt64(track.stream))
    member.peer.publish(track, now: now)
    let sources = isDeclared ? [DeclaredSource(ssrc: track.ssrc, rtxSSRC: track.rtxSSRC)] : []
    command(
      .addPublication(
        id,
        PublicationParameters(
          peer: member.id, mid: track.mid, kind: track.kind,
          payloads: SimulatedFormat.payloads(track.kind), extensions: SimulatedFormat.extensions,
          declaredSources: sources, muted: false, feedback: feedback)))
    return id
  }

  /// Publishes the encodings of one picture, from the smallest up; the last of them runs. What the worker
  /// says of them is done.
  public func publish(
    simulcast tracks: [SimulatedTrack], by member: Member,
    feedback: RTCPFeedback = [.nack, .pli, .transportCC, .remb]
  ) -> PublicationID? {
    guard let last = tracks.last else { return nil }
    let id = PublicationID(rawValue: UInt64(last.stream))
    for track in tracks {
      member.peer.publish(track, now: now)
      member.peer.setActive(stream: track.stream, track == last)
    }
    simulcast[id] = (member.peer, tracks)
    var parameters = PublicationParameters(
      peer: member.id, mid: last.mid, kind: .video, payloads: SimulatedFormat.payloads(.video),
      extensions: SimulatedFormat.extensions, declaredSources: [], muted: false,
      feedback: feedback)
    parameters.encodings = tracks.compactMap(\.rid)
    command(.addPublication(id, parameters))
    return id
  }

  private func obey(_ event: WorkerEvent) {
    guard case .encodingsNeeded(let id, let rids) = event, let (peer, tracks) = simulcast[id]
    else { return }
    for track in tracks {
      peer.setActive(stream: track.stream, track.rid.map(rids.contains) ?? true)
    }
  }

  /// Lets a member view a publication on a stream of its own.
  public func view(
    _ publication: PublicationID?, kind: MediaKind, by member: Member, as id: SubscriptionID,
    ssrc: SSRC, rtxSSRC: SSRC?, feedback: RTCPFeedback = [.nack, .pli, .transportCC]
  ) {
    member.peer.view(kind, ssrc: ssrc, rtxSSRC: rtxSSRC)
    command(
      .addSubscription(
        id,
        SubscriptionParameters(
          peer: member.id, mid: "v\(id.rawValue)", kind: kind, ssrc: ssrc, rtxSSRC: rtxSSRC,
          payloads: SimulatedFormat.payloads(kind), extensions: SimulatedFormat.extensions,
          cname: "scenario", feedback: feedback, publication: publication)))
  }

  public func command(_ command: WorkerCommand) {
    worker.handle(command, now: now, into: &batch)
    flush()
  }

  /// A datagram straight to the worker, past the network.
  public func inject(_ datagram: [UInt8], from path: NetworkPath) {
    deliver(datagram, path)
    flush()
  }

  // MARK: Time

  public func run(for span: MediaDuration) {
    let end = now + span
    while let next = nextEvent, next <= end {
      now = max(now, next)
      turn()
    }
    now = end
  }

  private var nextEvent: MediaInstant? {
    var next = network.nextArrival
    func consider(_ other: MediaInstant?) {
      if let other { next = min(next ?? other, other) }
    }
    consider(worker.nextDeadline)
    for member in members { consider(member.peer.nextDeadline) }
    return next
  }

  /// One turn as a worker's thread makes it: datagrams, then what is due, then one batch out.
  private func turn() {
    while let delivery = network.receive(now: now) {
      switch delivery.destination {
      case .worker(let address):
        deliver(
          delivery.datagram, NetworkPath(remote: address, local: IPAddress(v4: 0x0A00_00FE)))
      case .peer(let address):
        guard let place = byAddress[address] else { continue }
        for answer in members[place].peer.receive(delivery.datagram, now: now) {
          network.send(answer, to: .worker(from: address), now: now)
        }
      }
    }
    for member in members where member.peer.nextDeadline <= now {
      for datagram in member.peer.handleTimeout(now: now) {
        network.send(datagram, to: .worker(from: member.peer.address), now: now)
      }
    }
    worker.handleTimeout(now: now, into: &batch)
    flush()
  }

  private func deliver(_ datagram: [UInt8], _ path: NetworkPath) {
    guard datagram.count <= PacketArena.slotCapacity, let slot = arena.allocate() else { return }
    datagram.withUnsafeBytes { arena.buffer(slot).copyMemory(from: $0) }
    worker.receive(slot, length: datagram.count, path: path, now: now, into: &batch)
  }

  private func flush() {
    leastFree = min(leastFree, arena.freeCount)
    for entry in batch.entries {
      let datagram = Array(UnsafeRawBufferPointer(batch.bytes(of: entry)))
      network.send(datagram, to: .peer(entry.path.remote), now: now)
    }
    batch.removeAll()
    for event in worker.takeEvents() {
      events.append((now, event))
      obey(event)
    }
  }

  /// Datagrams that the batch had no room for.
  public var batchRefused: UInt64 { batch.refused }

  private func octets(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }
}

public enum ScenarioError: Error, Hashable, Sendable {
  /// The SRTP library failed.
  case transport
  case workerFull
}

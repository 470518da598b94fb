internal import Forwarding
public import Transport
public import Wire

/// One media thread's whole state: peers, what they publish and what they view.
///
/// Five verbs and no others: `receive`, `handle`, `handleTimeout`, `nextDeadline`, `takeEvents`. A
/// worker owns no socket, thread, clock or secret random source: it is a function of its state, its
/// input, the time and a seed, the same on a thread as under virtual time. Confined to one thread.
///
/// A turn of its owner: take commands (`handle`), take a batch of datagrams (`receive`), then once
/// `handleTimeout`, which also does the DTLS work that was put off; send the batch; publish the
/// events.
public final class Worker {
  public let configuration: WorkerConfiguration
  public internal(set) var counters = WorkerCounters()

  let arena: PacketArena
  let dtls: DTLSContext
  /// What must be added to instants to give the time since 1970.
  let wallOffset: MediaDuration
  let router: Router
  var random: SeededRandom

  /// By place.
  var peers: [Peer?]
  /// By place, too.
  let media: PeerMediaTable
  var freePlaces: [Int32]
  var peerPlaces: [PeerID: Int32] = [:]
  var table: PeerTable
  /// Keyed by the place of a peer.
  var timers: TimerTable
  var handshakes: HandshakeQueue
  var movers = MoverTable()

  var publications: [PublicationID: PublicationRecord] = [:]
  var subscriptions: [SubscriptionID: SubscriptionRecord] = [:]
  /// By the index of the router's handles.
  var publicationRecords: [PublicationRecord?]
  var subscriptionRecords: [SubscriptionRecord?]
  /// Which of them have `repeats`.
  var repeating: [Bool]

  /// Whether any publication has a tap.
  var isTapping = false
  /// Publications whose packets come from a feed, or of which a smaller picture is made; and when to look for it.
  var fed: [PublicationRecord] = []
  var nextFeed: MediaInstant?

  /// Of `lookAhead()`.
  let announced: UnsafeMutablePointer<Announced>
  var announcedCount = 0

  var forwarded: ForwardedPackets
  /// How much of `forwarded.refused` was counted.
  var overflowed: UInt64 = 0
  var requested: SequenceList
  var events: [WorkerEvent] = []
  /// For so long after datagrams were dropped for want of time nobody is asked to send anything
  /// again: the answers would push out media, whose loss would be asked for in turn, and an overload of
  /// a moment would keep itself alive. Pictures that broke ask for a keyframe afterwards.
  public static let overrunPause = MediaDuration.milliseconds(300)
  var overrunEnd: MediaInstant?

  /// Peers that `isPressed` speaks of.
  var pressing = 0
  /// When work was put off to the next `handleTimeout`.
  var deferredSince: MediaInstant?

  /// - Parameters:
  ///   - arena: outlives the worker.
  ///   - seed: of sequence numbers, report times and hashing.
  ///   - wallOffset: what must be added to instants to give the time since 1970-01-01T00:00:00Z.
  public init(
    configuration: WorkerConfiguration, arena: PacketArena, dtls: DTLSContext, seed: UInt64,
    wallOffset: MediaDuration
  ) {
    self.configuration = configuration
    self.arena = arena
    self.dtls = dtls
    self.wallOffset = wallOffset
    random = SeededRandom(seed: seed)
    let maximum = configuration.maximumPeers
    router = Router(limits: configuration.routerLimits, arena: arena, seed: random.next())
    peers = Array(repeating: nil, count: maximum)
    media = PeerMediaTable(capacity: maximum, arena: arena)
    freePlaces = (0..<Int32(maximum)).reversed()
    table = PeerTable(peers: maximum, seed: random.next())
    timers = TimerTable(capacity: maximum)
    handshakes = HandshakeQueue(capacity: configuration.handshakeQueue, arena: arena)
    publicationRecords = Array(repeating: nil, count: configuration.maximumPublications)
    subscriptionRecords = Array(repeating: nil, count: configuration.maximumSubscriptions)
    repeating = Array(repeating: false, count: configuration.maximumSubscriptions)
    announced = .allocate(capacity: Self.lookaheadLimit)
    forwarded = ForwardedPackets(capacity: 1024, arena: arena)
    requested = SequenceList(capacity: 128)
  }

  deinit { announced.deallocate() }

  // MARK: Verbs

  /// Takes one datagram.
  /// - Parameters:
  ///   - slot: holds it; the worker's from now on.
  ///   - path: where it came from and which of our addresses it was sent to.
  public func receive(
    _ slot: PacketSlot, length: Int, path: NetworkPath, now: MediaInstant,
    into out: inout OutboundBatch
  ) {
    counters.datagramsReceived &+= 1
    guard length > 0, length <= PacketArena.slotCapacity else {
      refuse(.unknownKind, slot)
      return
    }
    counters.octetsReceived &+= UInt64(length)
    let bytes = UnsafeRawBufferPointer(rebasing: arena.buffer(slot)[..<length])
    switch DatagramKind(bytes) {
    case .rtp: receiveMedia(slot, length, false, path, now, &out)
    case .rtcp: receiveMedia(slot, length, true, path, now, &out)
    case .stun: receiveSTUN(slot, length, path, now, &out)
    case .dtls: deferDTLS(slot, length, path, now)
    case nil: refuse(.unknownKind, slot)
    }
  }

  /// Does what signaling asks.
  public func handle(
    _ command: WorkerCommand, now: MediaInstant, into out: inout OutboundBatch
  ) {
    switch command {
    case .addPeer(let id, let parameters): addPeer(id, parameters, now)
    case .restartICE(let id, let local, let remote): restartICE(id, local, remote, now, &out)
    case .removePeer(let id): removePeer(id, now, &out)
    case .addPublication(let id, let parameters): addPublication(id, parameters, now)
    case .addFed(let id, let feed, let payloads): addFed(feed, as: id, payloads, now)
    case .removePublication(let id): removePublication(id)
    case .setPublicationMuted(let id, let muted): setMuted(id, muted, now)
    case .setPublicationPriority(let id, let priority): setPriority(id, priority)
    case .addSubscription(let id, let parameters): addSubscription(id, parameters, now)
    case .bindSubscription(let id, let publication): bind(id, to: publication, now)
    case .removeSubscription(let id): removeSubscription(id)
    case .setView(let id, let size): setView(id, size, now)
    case .addTap(let id, let tap): addTap(tap, to: id, now)
    case .removeTap(let id, let tap): removeTap(tap, from: id)
    case .askKeyframe(let id): askKeyframe(of: id, now)
    case .addRendition(let id, let feed): addRendition(feed, to: id, now)
    case .removeRendition(let id, let feed): removeRendition(feed, from: id, now)
    case .noteOverrun: overrunEnd = now + Self.overrunPause
    case .collectStatistics: events.append(.statistics(statistics(now)))
    }
    // What viewers begin with.
    sendForwarded(now, &out)
  }

  /// Does what is due: feedback and reports first, then the handshakes that were put off, as many as
  /// one turn may hold. Call it once a turn, after the datagrams; too early or too often is harmless.
  public func handleTimeout(now: MediaInstant, into out: inout OutboundBatch) {
    // Each key at most once: what is due again waits for the next turn.
    if nextFeed != nil { serveFeeds(now, &out) }
    var budget = timers.count
    while budget > 0, let place = timers.popExpired(now: now) {
      budget &-= 1
      serve(Int32(truncatingIfNeeded: place), now, &out)
    }
    serveHandshakes(now, &out)
  }

  /// When `handleTimeout` wants to be called next; `nil` while nothing waits.
  public var nextDeadline: MediaInstant? {
    var deadline = timers.next
    if let deferredSince { deadline = min(deadline ?? deferredSince, deferredSince) }
    if let nextFeed { deadline = min(deadline ?? nextFeed, nextFeed) }
    return deadline
  }

  /// What happened since the last call, in order.
  public func takeEvents() -> [WorkerEvent] {
    guard !events.isEmpty else { return [] }
    defer { events = [] }
    return events
  }

  /// Whether somebody waits for the next packets: a handshake goes on, or a peer was promised the
  /// least delay. Then packets should not wait for others to share a turn with.
  public var isPressed: Bool { pressing > 0 }

  // MARK: Shared by the verbs

  func refuse(_ refusal: WorkerRefusal, _ slot: PacketSlot) {
    counters.count(refusal)
    arena.release(slot)
  }

  func peer(at place: Int32) -> Peer? { place >= 0 ? peers[Int(place)] : nil }

  func wallClock(_ now: MediaInstant) -> NTPTimestamp {
    NTPTimestamp(now, wallOffset: wallOffset)
  }
}

extension WorkerConfiguration {
  var routerLimits: RouterLimits {
    RouterLimits(
      publications: maximumPublications, subscriptions: maximumSubscriptions,
      subscribersPerPublication: subscribersPerPublication, videoHistory: videoHistory,
      audioHistory: audioHistory,
      retransmissions: RetransmissionWindow.Limits(maximum: historyAge), arenaReserve: arenaReserve)
  }

  var timeouts: PeerTransportTimeouts {
    PeerTransportTimeouts(
      ice: iceTimeout, dtls: dtlsTimeout, consent: consentTimeout, peer: peerTimeout)
  }
}

internal import Forwarding
internal import MediaEngine
internal import Transport
internal import Wire
internal import Workload

/// A decrypted packet through the router: kept, then copied and rewritten for each viewer. For each
/// packet that is forwarded.
final class Route: Benchmark {
  private let arena = PacketArena(slotCount: 4096)
  private let router: Router
  private var forwarded: ForwardedPackets
  private let supply = PacketSupply(.video, count: 1)
  private let handle: PublicationHandle?
  private var slots: [(slot: PacketSlot, length: Int)] = []
  private var now = MediaInstant(nanoseconds: 1_000_000_000)

  init(viewers: Int) {
    router = Router(limits: RouterLimits(), arena: arena, seed: 1)
    forwarded = ForwardedPackets(capacity: 1024, arena: arena)
    handle = try? router.addPublication(
      PublicationSettings(
        kind: .video, payloads: [MediaFormat.vp8], extensions: MediaFormat.extensions,
        answersNACK: true, answersKeyframeRequests: true, muted: false))
    if let handle {
      router.setSource(handle, SSRC(77), now: now)
      for i in 0..<viewers {
        let subscription = try? router.addSubscription(
          SubscriptionSettings(
            destination: Int32(i), kind: .video, ssrc: SSRC(UInt32(1000 + i)),
            rtxSSRC: SSRC(UInt32(2000 + i)), payloads: [MediaFormat.vp8],
            extensions: MediaFormat.extensions, mid: MediaIdentificationTag("2")),
          continuing: nil)
        if let subscription {
          try? router.bind(subscription, to: handle, now: now, into: &forwarded)
        }
      }
    }
    super.init("route and rewrite, \(viewers) viewers")
  }

  override func prepare() {
    slots = []
    for _ in 0..<500 {
      guard let slot = arena.allocate() else { return }
      slots.append((slot, supply.next(into: arena.buffer(slot))))
    }
  }

  override func run() -> Int {
    guard let handle else { return 0 }
    var done = 0
    for (slot, length) in slots {
      now += .milliseconds(5)
      guard let packet = RTPPacket(UnsafeRawBufferPointer(rebasing: arena.buffer(slot)[..<length]))
      else { continue }
      _ = router.receive(slot, packet, of: handle, now: now, into: &forwarded)
      done += forwarded.count
      for packet in forwarded.packets { arena.release(packet.slot) }
      forwarded.removeAllKeepingSlots()
    }
    return done
  }
}

/// All that a worker does with a packet of media between two system calls, for each packet that is
/// forwarded.
final class Forward: Benchmark {
  private let arena = PacketArena(slotCount: 8192)
  private var out: OutboundBatch
  private let worker: Worker?
  private let path: NetworkPath
  private let sender: SRTPSession?
  private let supply: PacketSupply
  private var slots: [(slot: PacketSlot, length: Int)] = []
  private var now = MediaInstant(nanoseconds: 1_000_000_000)

  init(viewers: Int) {
    let profile = SRTPProfile.aeadAES128GCM
    var random = SeededRandom(seed: 2)
    var plan = ServerPlan(
      rooms: [.init(participants: viewers + 1, publishers: 1)], profile: profile.rawValue,
      keyLength: profile.keyLength + profile.saltLength, hold: 0, random: &random)
    for i in plan.peers.indices { plan.peers[i].port = UInt16(10_000 + i) }
    out = OutboundBatch(capacity: 2048, arena: arena)
    let arena = arena
    let dtls = (try? DTLSCertificate.generate()).flatMap { try? DTLSContext(certificate: $0) }
    worker = dtls.map {
      Worker(
        configuration: WorkerConfiguration(), arena: arena, dtls: $0, seed: 1,
        wallOffset: .seconds(1_700_000_000))
    }
    if let worker {
      plan.addPeers(to: worker, engine: .default, now: now, into: &out)
      for command in plan.commands { worker.handle(command, now: now, into: &out) }
    }
    out.removeAll()
    path = plan.path(of: 0)
    let peer = plan.peers[0]
    let keys = SRTPKeyingMaterial(profile: profile, local: peer.peerKey, remote: peer.serverKey)
    sender = keys.flatMap { SRTPSession($0) }
    supply = PacketSupply(.video, count: 1, ssrc: plan.publications[0].ssrc)
    super.init("worker, \(viewers) viewers")
  }

  override func prepare() {
    slots = []
    for _ in 0..<500 {
      guard let slot = arena.allocate() else { return }
      let buffer = arena.buffer(slot)
      let length = supply.next(into: buffer)
      slots.append((slot, sender?.protectRTP(buffer, length: length) ?? 0))
    }
  }

  override func run() -> Int {
    guard let worker else { return 0 }
    var done = 0
    for (i, (slot, length)) in slots.enumerated() {
      worker.receive(slot, length: length, path: path, now: now, into: &out)
      // A turn.
      if i % 16 == 15 {
        now += .milliseconds(5)
        worker.handleTimeout(now: now, into: &out)
        done += out.count
        out.removeAll()
      }
    }
    done += out.count
    out.removeAll()
    return done
  }
}

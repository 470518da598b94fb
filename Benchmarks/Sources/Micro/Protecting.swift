internal import Transport
internal import Wire

/// Encryption in place, as it is done for each viewer.
final class Protect: Benchmark {
  private let supply: PacketSupply
  private let session: SRTPSession?

  init(_ profile: SRTPProfile, _ engine: SRTPEngine, _ kind: MediaKind) {
    supply = PacketSupply(kind, count: 500)
    session = SRTPKeyingMaterial.made(profile).flatMap { SRTPSession($0, engine: engine) }
    super.init("protect \(kind) \(profile.rawValue) \(engine.rawValue)")
  }

  override func prepare() { supply.refill() }

  override func run() -> Int {
    var sum: UInt64 = 0
    for i in 0..<supply.count {
      let length = session?.protectRTP(supply.buffer(i), length: supply.lengths[i])
      sum &+= UInt64(length ?? 0)
    }
    Sink.take(sum)
    return supply.count
  }
}

final class Unprotect: Benchmark {
  private let supply: PacketSupply
  private let sender: SRTPSession?
  private let session: SRTPSession?
  private var lengths: [Int] = []

  init(_ profile: SRTPProfile, _ engine: SRTPEngine, _ kind: MediaKind) {
    supply = PacketSupply(kind, count: 500)
    let keys = SRTPKeyingMaterial.made(profile)
    sender = (keys?.mirrored).flatMap { SRTPSession($0) }
    session = keys.flatMap { SRTPSession($0, engine: engine) }
    super.init("unprotect \(kind) \(profile.rawValue) \(engine.rawValue)")
  }

  override func prepare() {
    supply.refill()
    lengths = (0..<supply.count).map {
      sender?.protectRTP(supply.buffer($0), length: supply.lengths[$0]) ?? 0
    }
  }

  override func run() -> Int {
    var done = 0
    for i in 0..<supply.count {
      if case .packet? = session?.unprotectRTP(supply.buffer(i), length: lengths[i]) { done += 1 }
    }
    return done
  }
}

/// An authenticated connectivity check, answered.
final class AnswerCheck: Benchmark {
  private let arena = PacketArena(slotCount: 64)
  private var out: OutboundBatch
  private let transport: PeerTransport?
  private let path = NetworkPath(
    remote: TransportAddress(ip: IPAddress(v4: 0x0A00_0001), port: 9), local: IPAddress(v4: 1))
  private let slot: PacketSlot?
  private var length = 0
  private let now = MediaInstant(nanoseconds: 1_000_000_000)

  init() {
    out = OutboundBatch(capacity: 16, arena: arena)
    let credentials = ICECredentials(
      usernameFragment: "local123", password: "0123456789012345678901")
    if let credentials, let keys = SRTPKeyingMaterial.made(.aeadAES128GCM) {
      transport = PeerTransport(
        preset: keys, path: path, local: credentials, remote: credentials,
        timeouts: PeerTransportTimeouts(), now: now)
    } else {
      transport = nil
    }
    slot = arena.allocate()
    super.init("answer STUN check")
  }

  override func prepare() {
    guard let slot else { return }
    var writer = STUNWriter(
      into: arena.buffer(slot), class: .request,
      transactionID: STUNTransactionID(high: 1, low: 2))
    writer.append(.username, text: "local123:remote12")
    writer.append(.priority, uint32: 0x6E00_1EFF)
    writer.append(.iceControlling, uint64: 1)
    writer.append(.useCandidate)
    length = writer.finish(key: STUNKey(password: "0123456789012345678901")) ?? 0
  }

  override func run() -> Int {
    guard let slot, let transport else { return 0 }
    var done = 0
    for _ in 0..<200 {
      let received = transport.receive(
        slot, length: length, path: path, now: now, arena: arena, into: &out)
      if received == .consumed, out.count == 1 { done += 1 }
      out.removeAll()
    }
    return done
  }
}

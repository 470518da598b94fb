import Testing
import Wire

@testable import Transport

/// Memory and a batch for one test, and the time that it counts for itself.
final class TestWire {
  let arena = PacketArena(slotCount: 256)
  var now = MediaInstant(nanoseconds: 1_000_000_000)
  private var slots = 0

  deinit { arena.deallocate() }

  /// Runs something that sends, returns what it sent; every slot is given back.
  func collect(_ send: (inout OutboundBatch) -> Void) -> [(bytes: [UInt8], path: NetworkPath)] {
    var out = OutboundBatch(capacity: 64, arena: arena)
    send(&out)
    var sent: [(bytes: [UInt8], path: NetworkPath)] = []
    for i in 0..<out.count {
      let entry = out.entries[i]
      sent.append((Array(out.bytes(of: entry)), entry.path))
    }
    out.removeAll()
    #expect(arena.freeCount == arena.slotCount, "a slot was lost or released twice")
    return sent
  }

  /// Hands bytes to a peer; returns the verdict, the plaintext and the answers.
  func deliver(
    _ bytes: [UInt8], to peer: PeerTransport, path: NetworkPath
  ) -> (
    received: PeerTransport.Received, plain: [UInt8], answers: [(bytes: [UInt8], path: NetworkPath)]
  ) {
    var received = PeerTransport.Received.consumed
    var plain: [UInt8] = []
    let answers = collect { out in
      guard let slot = arena.allocate() else { return }
      let buffer = arena.buffer(slot)
      buffer.copyBytes(from: bytes)
      received = peer.receive(
        slot, length: bytes.count, path: path, now: now, arena: arena, into: &out)
      switch received {
      case .rtp(let length), .rtcp(let length): plain = Array(buffer[..<length])
      default: break
      }
      arena.release(slot)
    }
    return (received, plain, answers)
  }

  func timeout(_ peer: PeerTransport) -> [(bytes: [UInt8], path: NetworkPath)] {
    collect { peer.handleTimeout(now: now, arena: arena, into: &$0) }
  }
}

extension PeerTransport {
  /// All events that wait.
  func takeEvents() -> [PeerTransportEvent] {
    var taken: [PeerTransportEvent] = []
    while let event = nextEvent() { taken.append(event) }
    return taken
  }
}

extension NetworkPath {
  /// 192.0.2.`host`:`port`, to our address 198.51.100.`local`.
  static func test(_ host: UInt32, _ port: UInt16 = 40_000, local: UInt32 = 1) -> NetworkPath {
    NetworkPath(
      remote: TransportAddress(ip: IPAddress(v4: 0xC000_0200 | host), port: port),
      local: IPAddress(v4: 0xC633_6400 | local))
  }
}

extension ICECredentials {
  static func test(_ name: Character) -> ICECredentials {
    var secret = SecretRandom()
    return ICECredentials(
      usernameFragment: String(repeating: name, count: 4),
      password: String(repeating: name, count: 22))
      ?? .random(from: &secret)
  }
}

/// A Binding request as a browser makes it.
struct TestCheck {
  var username: String
  var password: String
  var useCandidate = false
  var controlling: UInt64? = 7
  var controlled: UInt64?
  var unknown: UInt16?
  var transaction: UInt32 = 1
  var integrity = true

  /// A check of the peer with credentials `remote` to us.
  init(to local: ICECredentials, from remote: ICECredentials, useCandidate: Bool = false) {
    username = "\(local.usernameFragment):\(remote.usernameFragment)"
    password = local.password
    self.useCandidate = useCandidate
  }

  var bytes: [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 512)
    let length = buffer.withUnsafeMutableBytes { bytes in
      var writer = STUNWriter(
        into: bytes, class: .request,
        transactionID: STUNTransactionID(high: 0x0102_0304_0506_0708, low: transaction))
      writer.append(.username, text: username)
      if let controlling { writer.append(.iceControlling, uint64: controlling) }
      if let controlled { writer.append(.iceControlled, uint64: controlled) }
      writer.append(.priority, uint32: 1_853_693_695)
      if useCandidate { writer.append(.useCandidate) }
      if let unknown { writer.append(STUNAttribute(rawValue: unknown), uint32: 1) }
      return writer.finish(key: integrity ? STUNKey(password: password) : nil)
    }
    return Array(buffer.prefix(length ?? 0))
  }
}

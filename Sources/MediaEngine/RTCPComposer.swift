internal import Transport
internal import Wire

/// Puts RTCP packets to one peer together into datagrams (RFC 3550 section 6.1; reduced size,
/// RFC 5506, when no report is due), protects and sends them.
struct RTCPComposer: ~Copyable {
  /// Octets of RTCP in a datagram before protection: below any MTU.
  static let limit = 1180

  private let transport: PeerTransport
  private let path: NetworkPath
  private let arena: PacketArena
  private var slot: PacketSlot?
  private var used = 0
  /// Datagrams sent; packets that found no slot or that could not be protected.
  private(set) var sent: UInt64 = 0
  private(set) var failed: UInt64 = 0

  init(transport: PeerTransport, path: NetworkPath, arena: PacketArena) {
    self.transport = transport
    self.path = path
    self.arena = arena
  }

  deinit { if let slot { arena.release(slot) } }

  /// Adds one RTCP packet.
  /// - Parameter write: writes it and returns its length; `nil` when it does not fit, then it is
  ///   called again with an empty datagram.
  /// - Returns: whether it was written.
  @discardableResult
  mutating func append(
    into out: inout OutboundBatch, _ write: (UnsafeMutableRawBufferPointer) -> Int?
  ) -> Bool {
    for _ in 0..<2 {
      if slot == nil {
        slot = arena.allocate()
        used = 0
      }
      guard let slot else {
        failed &+= 1
        return false
      }
      let room = UnsafeMutableRawBufferPointer(rebasing: arena.buffer(slot)[used..<Self.limit])
      if let length = write(room) {
        used &+= length
        return true
      }
      guard used > 0 else { return false }
      flush(into: &out)
    }
    return false
  }

  /// Sends what was added so far.
  mutating func flush(into out: inout OutboundBatch) {
    guard let slot else { return }
    self.slot = nil
    guard used > 0, let length = transport.protectRTCP(arena.buffer(slot), length: used) else {
      if used > 0 { failed &+= 1 }
      arena.release(slot)
      return
    }
    sent &+= 1
    out.append(slot, length: length, path: path)
  }
}

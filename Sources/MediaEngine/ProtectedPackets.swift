internal import Wire

/// The last packets of a subscription as they left, for viewers that answer loss with NACK but did
/// not negotiate RTX.
///
/// They get the very same octets again. Protecting a packet a second time under its old number would
/// use a nonce twice, with another header; with AEAD that gives the authentication key away
/// (RFC 7714 section 8.4).
struct ProtectedPackets: ~Copyable {
  private struct Entry {
    var slot: PacketSlot
    var length: Int32
    var sequenceNumber: UInt16
    var resends: UInt8
    var sent: MediaInstant
    var resent: MediaInstant
  }

  let capacity: Int
  private let arena: PacketArena
  /// Older packets give their slots back.
  var maximumAge: MediaDuration
  private let entries: UnsafeMutablePointer<Entry?>
  private var credit: Int
  /// No packet before this number is kept.
  private var oldest: UInt16?

  /// - Parameter capacity: packets; a power of two.
  init(capacity: Int, maximumAge: MediaDuration, arena: PacketArena) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0)
    self.capacity = capacity
    self.maximumAge = maximumAge
    self.arena = arena
    credit = capacity
    entries = .allocate(capacity: capacity)
    entries.initialize(repeating: nil, count: capacity)
  }

  /// The arena must still be alive.
  deinit {
    for i in 0..<capacity {
      if let entry = entries[i] { arena.release(entry.slot) }
    }
    entries.deinitialize(count: capacity)
    entries.deallocate()
  }

  /// Keeps a copy of a packet that leaves now. Without a free slot it is not kept.
  mutating func keep(
    _ packet: UnsafeRawBufferPointer, sequenceNumber: UInt16, now: MediaInstant
  ) {
    expire(upTo: sequenceNumber, now: now)
    let place = entries + Int(sequenceNumber) & (capacity &- 1)
    let slot: PacketSlot
    if let old = place.pointee {
      slot = old.slot
    } else {
      guard let free = arena.allocate() else { return }
      slot = free
    }
    arena.buffer(slot).copyMemory(from: packet)
    place.pointee = Entry(
      slot: slot, length: Int32(truncatingIfNeeded: packet.count), sequenceNumber: sequenceNumber,
      resends: 0, sent: now, resent: now)
    if credit < capacity { credit &+= 1 }
  }

  private mutating func expire(upTo newest: UInt16, now: MediaInstant) {
    guard var sequence = oldest else {
      oldest = newest
      return
    }
    guard newest &- sequence < 0x8000 else { return }
    // What a jump leaves behind is overwritten by what comes.
    if Int(newest &- sequence) > capacity { sequence = newest &- UInt16(capacity) }
    while sequence != newest {
      let place = entries + Int(sequence) & (capacity &- 1)
      if let entry = place.pointee, entry.sequenceNumber == sequence {
        if now - entry.sent <= maximumAge { break }
        arena.release(entry.slot)
        place.pointee = nil
      }
      sequence &+= 1
    }
    oldest = sequence
  }

  /// A copy to be sent again, in a slot of the caller's; `nil` when the packet is not known, too old,
  /// was sent again just now or too often, or when more is asked for than was sent.
  mutating func copy(
    of sequenceNumber: UInt16, interval: MediaDuration, now: MediaInstant
  ) -> (slot: PacketSlot, length: Int)? {
    let place = entries + Int(sequenceNumber) & (capacity &- 1)
    guard let entry = place.pointee, entry.sequenceNumber == sequenceNumber, credit > 0,
      entry.resends < 10, now - entry.sent <= maximumAge,
      entry.resends == 0 || now - entry.resent >= interval, let slot = arena.allocate()
    else { return nil }
    arena.buffer(slot).copyMemory(
      from: UnsafeRawBufferPointer(rebasing: arena.buffer(entry.slot)[..<Int(entry.length)]))
    place.pointee?.resends &+= 1
    place.pointee?.resent = now
    credit &-= 1
    return (slot, Int(entry.length))
  }
}

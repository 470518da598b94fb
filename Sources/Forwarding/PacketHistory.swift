internal import Wire

/// The last packets of a publication, decrypted, in arena slots that it owns: what retransmissions
/// are made of, and the memory by which duplicates are known.
///
/// A ring indexed by the low bits of the packet index; bounded by packets and by age. Expired
/// packets give their slot back but are still known as seen.
struct PacketHistory: ~Copyable {
  enum Insertion: Equatable {
    case stored
    /// Was there already; the slot stays the caller's.
    case duplicate
    /// Older than the ring remembers; the slot stays the caller's.
    case tooOld
  }

  private struct Entry {
    var packet: MediaPacket
    var hasSlot: Bool
  }

  let capacity: Int
  let maximumAge: MediaDuration
  private let arena: PacketArena
  private let entries: UnsafeMutablePointer<Entry?>
  private(set) var newest: Int64?
  /// No entry below this index has a slot any more.
  private var oldestHeld: Int64 = 0
  private(set) var heldCount = 0

  /// - Parameter capacity: packets; a power of two.
  init(capacity: Int, maximumAge: MediaDuration, arena: PacketArena) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0)
    self.capacity = capacity
    self.maximumAge = maximumAge
    self.arena = arena
    entries = .allocate(capacity: capacity)
    entries.initialize(repeating: nil, count: capacity)
  }

  /// The arena must still be alive.
  deinit {
    for i in 0..<capacity {
      if let entry = entries[i], entry.hasSlot { arena.release(entry.packet.slot) }
    }
    entries.deinitialize(count: capacity)
    entries.deallocate()
  }

  /// - Parameter holding: whether the packet's slot is to be kept; `.stored` then means that the
  ///   history owns it. Else the packet is only known as seen.
  mutating func insert(_ packet: MediaPacket, holding: Bool) -> Insertion {
    if let newest, packet.index <= newest &- Int64(capacity) { return .tooOld }
    let entry = entries + place(packet.index)
    if let newest, packet.index <= newest {
      if let old = entry.pointee, old.packet.index == packet.index { return .duplicate }
      if holding { oldestHeld = min(oldestHeld, packet.index) }
    } else {
      // All that the ring forgets by moving on to this index.
      let first = packet.index &- Int64(capacity) &+ 1
      var passed = newest.map { max($0 &+ 1, first) } ?? packet.index
      while passed <= packet.index {
        release(entries + place(passed))
        passed &+= 1
      }
      if heldCount == 0 { oldestHeld = packet.index }
      newest = packet.index
    }
    entry.pointee = Entry(packet: packet, hasSlot: holding)
    if holding { heldCount &+= 1 }
    expire(now: packet.arrival)
    return .stored
  }

  /// Holds this packet and no other. For a publication that nobody views yet.
  /// - Returns: `false` when it is not the newest; the slot stays the caller's.
  mutating func keepLast(_ packet: MediaPacket) -> Bool {
    guard packet.payloadLength > 0, packet.index > newest ?? .min,
      insert(packet, holding: true) == .stored
    else { return false }
    while heldCount > 1 { releaseOldest() }
    return true
  }

  /// What is known of a packet that may have given its slot back: do not touch its bytes.
  func seen(at index: Int64) -> MediaPacket? {
    guard let entry = entries[place(index)], entry.packet.index == index else { return nil }
    return entry.packet
  }

  /// A packet that is still held. Its slot stays the history's and must not be changed.
  func packet(at index: Int64) -> MediaPacket? {
    guard let entry = entries[place(index)], entry.hasSlot, entry.packet.index == index else {
      return nil
    }
    return entry.packet
  }

  /// Gives back the slots of packets that are too old.
  mutating func expire(now: MediaInstant) {
    guard let newest else { return }
    let floor = newest &- Int64(capacity) &+ 1
    var index = max(oldestHeld, floor)
    while heldCount > 0, index <= newest {
      let entry = entries + place(index)
      if let held = entry.pointee, held.hasSlot, held.packet.index == index {
        if now - held.packet.arrival < maximumAge { break }
        release(entry)
      }
      index &+= 1
    }
    oldestHeld = index
  }

  /// Gives back the oldest held slot, for when the arena runs short.
  mutating func releaseOldest() {
    guard let newest else { return }
    var index = max(oldestHeld, newest &- Int64(capacity) &+ 1)
    while heldCount > 0, index <= newest {
      let entry = entries + place(index)
      if let held = entry.pointee, held.hasSlot, held.packet.index == index {
        release(entry)
        break
      }
      index &+= 1
    }
    oldestHeld = index
  }

  /// Gives back all slots. What was seen stays known.
  mutating func removeAll() {
    for i in 0..<capacity { release(entries + i) }
    if let newest { oldestHeld = newest }
  }

  private mutating func release(_ entry: UnsafeMutablePointer<Entry?>) {
    guard let held = entry.pointee, held.hasSlot else { return }
    arena.release(held.packet.slot)
    entry.pointee?.hasSlot = false
    heldCount &-= 1
  }

  private func place(_ index: Int64) -> Int {
    Int(truncatingIfNeeded: index) & (capacity &- 1)
  }
}

internal import Wire

/// The last packets of a publication, decrypted, in arena slots that it owns: what retransmissions
/// are made of, and the memory by which duplicates are known.
///
/// A ring indexed by the low bits of the packet index; bounded by packets and by age. Expired
/// packets give their slot back but are still known as seen. The ring begins small and grows to what
/// the packet rate asks for, at most to its capacity.
struct PacketHistory: ~Copyable {
  enum Insertion: Equatable {
    case stored
    /// Was there already; the slot stays the caller's.
    case duplicate
    /// Older than the ring remembers; the slot stays the caller's.
    case tooOld
  }

  /// A `MediaPacket` in 32 octets: what its descriptor says is in the slot. All zero is empty.
  private struct Entry {
    struct State: OptionSet {
      var rawValue: UInt8
      static let isKnown = Self(rawValue: 1)
      static let hasSlot = Self(rawValue: 2)
      static let isVP8 = Self(rawValue: 4)
    }

    var index: Int64
    var arrival: MediaInstant
    var slot: PacketSlot
    var timestamp: UInt32
    var payloadOffset: UInt16
    var payloadLength: UInt16
    var payload: UInt8
    var flags: MediaPacket.Flags
    var audioLevel: UInt8
    var state: State

    var hasSlot: Bool { state.contains(.hasSlot) }

    init(_ packet: MediaPacket, holding: Bool) {
      index = packet.index
      arrival = packet.arrival
      slot = packet.slot
      timestamp = packet.timestamp
      payloadOffset = packet.payloadOffset
      payloadLength = packet.payloadLength
      payload = packet.payload
      flags = packet.flags
      audioLevel = packet.audioLevel
      state = .isKnown
      if holding { state.insert(.hasSlot) }
      if packet.vp8 != nil { state.insert(.isVP8) }
    }
  }

  static let initialSize = 32
  /// Of `maximumAge`: for a viewer that begins, and for a keyframe whose start comes late.
  static let minimumAge = MediaDuration.milliseconds(100)

  let capacity: Int
  /// Packets older than this give their slots back.
  var maximumAge: MediaDuration
  /// So far back the ring knows what it saw, if its capacity allows.
  private let memory: MediaDuration
  private let arena: PacketArena
  private var entries: UnsafeMutablePointer<Entry>
  /// Packets that the ring has room for now.
  private(set) var size: Int
  private(set) var newest: Int64?
  /// No entry below this index has a slot any more.
  private var oldestHeld: Int64 = 0
  private(set) var heldCount = 0
  /// Packets from an index on are held until an instant, however old they are.
  private var kept: (index: Int64, until: MediaInstant)?

  /// - Parameters:
  ///   - capacity: packets; a power of two.
  ///   - memory: so old a packet may be and still come late, or twice.
  init(
    capacity: Int, maximumAge: MediaDuration, memory: MediaDuration = .seconds(1),
    arena: PacketArena
  ) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0)
    self.capacity = capacity
    self.maximumAge = maximumAge
    self.memory = memory
    self.arena = arena
    size = min(capacity, Self.initialSize)
    entries = Self.makeEntries(size)
  }

  private static func makeEntries(_ count: Int) -> UnsafeMutablePointer<Entry> {
    let octets = count * MemoryLayout<Entry>.stride
    let storage = UnsafeMutableRawPointer.allocate(
      byteCount: octets, alignment: MemoryLayout<Entry>.alignment)
    storage.initializeMemory(as: UInt8.self, repeating: 0, count: octets)
    return storage.bindMemory(to: Entry.self, capacity: count)
  }

  /// The arena must still be alive.
  deinit {
    for i in 0..<size where entries[i].hasSlot { arena.release(entries[i].slot) }
    entries.deallocate()
  }

  /// - Parameter holding: whether the packet's slot is to be kept; `.stored` then means that the
  ///   history owns it. Else the packet is only known as seen.
  mutating func insert(_ packet: MediaPacket, holding: Bool) -> Insertion {
    if let newest, packet.index <= newest {
      if packet.index <= newest &- Int64(size) { return .tooOld }
      let entry = entries + place(packet.index)
      if entry.pointee.state.contains(.isKnown), entry.pointee.index == packet.index {
        return .duplicate
      }
      if holding { oldestHeld = min(oldestHeld, packet.index) }
    } else {
      growIfNeeded(for: packet)
      // All that the ring forgets by moving on to this index.
      let first = packet.index &- Int64(size) &+ 1
      var passed = newest.map { max($0 &+ 1, first) } ?? packet.index
      while passed <= packet.index {
        release(entries + place(passed))
        passed &+= 1
      }
      if heldCount == 0 { oldestHeld = packet.index }
      newest = packet.index
    }
    entries[place(packet.index)] = Entry(packet, holding: holding)
    if holding { heldCount &+= 1 }
    expire(now: packet.arrival)
    return .stored
  }

  /// What a viewer would begin with is held so long.
  mutating func keep(from index: Int64, until instant: MediaInstant) { kept = (index, instant) }

  /// Holds this packet and no other. For a publication that nobody views yet.
  /// - Returns: `false` when it is not the newest; the slot stays the caller's.
  mutating func keepLast(_ packet: MediaPacket) -> Bool {
    guard packet.payloadLength > 0, packet.index > newest ?? .min,
      insert(packet, holding: true) == .stored
    else { return false }
    while heldCount > 1 { releaseOldest() }
    return true
  }

  /// What is known of a packet that may have given its slot back: do not touch its bytes. Without
  /// its VP8 descriptor.
  func seen(at index: Int64) -> MediaPacket? {
    let entry = entries + place(index)
    guard entry.pointee.state.contains(.isKnown), entry.pointee.index == index else { return nil }
    return MediaPacket(
      slot: entry.pointee.slot, index: index, arrival: entry.pointee.arrival,
      timestamp: entry.pointee.timestamp, payloadOffset: entry.pointee.payloadOffset,
      payloadLength: entry.pointee.payloadLength, payload: entry.pointee.payload,
      flags: entry.pointee.flags, audioLevel: entry.pointee.audioLevel, vp8: nil)
  }

  /// A packet that is still held. Its slot stays the history's and must not be changed.
  func packet(at index: Int64) -> MediaPacket? {
    let entry = entries + place(index)
    guard entry.pointee.hasSlot, var packet = seen(at: index) else { return nil }
    if entry.pointee.state.contains(.isVP8) {
      let start = Int(packet.payloadOffset)
      packet.vp8 = VP8Descriptor(
        UnsafeRawBufferPointer(arena.buffer(packet.slot))
          .slice(start..<(start &+ Int(packet.payloadLength))))
    }
    return packet
  }

  /// Gives back the slots of packets that are too old.
  mutating func expire(now: MediaInstant) {
    guard let newest else { return }
    let floor = newest &- Int64(size) &+ 1
    var index = max(oldestHeld, floor)
    while heldCount > 0, index <= newest {
      let entry = entries + place(index)
      if entry.pointee.hasSlot, entry.pointee.index == index {
        if now - entry.pointee.arrival < maximumAge { break }
        if let kept, now < kept.until, index >= kept.index { break }
        release(entry)
      }
      index &+= 1
    }
    oldestHeld = index
  }

  /// Gives back the oldest held slot, for when the arena runs short.
  mutating func releaseOldest() {
    guard let newest else { return }
    var index = max(oldestHeld, newest &- Int64(size) &+ 1)
    while heldCount > 0, index <= newest {
      let entry = entries + place(index)
      if entry.pointee.hasSlot, entry.pointee.index == index {
        release(entry)
        break
      }
      index &+= 1
    }
    oldestHeld = index
  }

  /// Gives back all slots. What was seen stays known.
  mutating func removeAll() {
    for i in 0..<size { release(entries + i) }
    if let newest { oldestHeld = newest }
  }

  /// Doubles the ring when it is about to forget what is not old enough.
  @inline(__always)
  private mutating func growIfNeeded(for packet: MediaPacket) {
    guard size < capacity else { return }
    let displaced = entries + place(packet.index)
    guard displaced.pointee.state.contains(.isKnown),
      packet.arrival - displaced.pointee.arrival < max(memory, maximumAge)
    else { return }
    grow()
  }

  @inline(never)
  private mutating func grow() {
    let old = entries
    let oldSize = size
    size = min(size * 2, capacity)
    entries = Self.makeEntries(size)
    for i in 0..<oldSize where old[i].state.contains(.isKnown) {
      entries[place(old[i].index)] = old[i]
    }
    old.deallocate()
  }

  private mutating func release(_ entry: UnsafeMutablePointer<Entry>) {
    guard entry.pointee.hasSlot else { return }
    arena.release(entry.pointee.slot)
    entry.pointee.state.remove(.hasSlot)
    heldCount &-= 1
  }

  func placeOfEntry(_ index: Int64) -> UnsafeRawPointer {
    UnsafeRawPointer(entries + place(index))
  }

  private func place(_ index: Int64) -> Int {
    Int(truncatingIfNeeded: index) & (size &- 1)
  }
}

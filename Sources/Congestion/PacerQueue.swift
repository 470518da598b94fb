internal import Wire

/// A ring of waiting packets, first in, first out. It grows by doubling up to its limit, so a viewer who
/// never has to wait takes little memory and a steady one allocates nothing.
struct PacerQueue: ~Copyable {
  struct Entry {
    var packet: PacedPacket
    var since: MediaInstant
  }

  let limit: Int
  private var entries: UnsafeMutablePointer<Entry>?
  private var capacity = 0
  private var head = 0
  private(set) var count = 0
  private(set) var octets = 0

  init(limit: Int, reserved: Int = 0) {
    self.limit = min(max(limit, 1), 65_536)
    guard reserved > 0 else { return }
    capacity = min(reserved, self.limit)
    entries = .allocate(capacity: capacity)
  }

  deinit { entries?.deallocate() }

  var isFull: Bool { count >= limit }

  var first: Entry? {
    guard count > 0, let entries else { return nil }
    return entries[head]
  }

  /// Nothing happens when it is full.
  mutating func append(_ entry: Entry) {
    guard !isFull else { return }
    if count == capacity { grow() }
    guard let entries else { return }
    let place = (head + count) % capacity
    entries.advanced(by: place).initialize(to: entry)
    count += 1
    octets += Int(entry.packet.length)
  }

  mutating func removeFirst() -> Entry? {
    guard let entry = first else { return nil }
    head = (head + 1) % capacity
    count -= 1
    octets -= Int(entry.packet.length)
    return entry
  }

  /// Takes out what matches, keeping the order of the rest.
  mutating func removeAll(where matches: (PacedPacket) -> Bool, _ body: (PacedPacket) -> Void) {
    for _ in 0..<count {
      guard let entry = removeFirst() else { return }
      if matches(entry.packet) { body(entry.packet) } else { append(entry) }
    }
  }

  func forEach(_ body: (PacedPacket) -> Void) {
    guard let entries else { return }
    for i in 0..<count { body(entries[(head + i) % capacity].packet) }
  }

  private mutating func grow() {
    let larger = min(max(16, capacity * 2), limit)
    let new = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
    if let entries {
      for i in 0..<count {
        new.advanced(by: i).initialize(to: entries[(head + i) % capacity])
      }
      entries.deallocate()
    }
    entries = new
    capacity = larger
    head = 0
  }
}

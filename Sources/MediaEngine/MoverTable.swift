internal import Wire

/// Addresses that were asked whether a peer is there now, and how often the worker looks for the peer of
/// media from nowhere: bounded, whatever strangers send.
struct MoverTable: ~Copyable {
  static let capacity = 32
  /// Packets from unknown addresses that are looked at in one `window`.
  static let looks = 32
  static let window = MediaDuration.milliseconds(10)

  private var entries: [(address: TransportAddress, peer: Int32)] = []
  private var begin = MediaInstant(nanoseconds: 0)
  private var budget = looks

  init() { entries.reserveCapacity(Self.capacity) }

  mutating func mayLook(now: MediaInstant) -> Bool {
    if now - begin >= Self.window {
      begin = now
      budget = Self.looks
    }
    guard budget > 0 else { return false }
    budget &-= 1
    return true
  }

  /// When it is full, the oldest makes room.
  mutating func note(_ address: TransportAddress, of peer: Int32) {
    if let index = entries.firstIndex(where: { $0.address == address }) {
      entries[index].peer = peer
      return
    }
    if entries.count == Self.capacity { entries.removeFirst() }
    entries.append((address, peer))
  }

  func peer(at address: TransportAddress) -> Int32? {
    entries.first { $0.address == address }?.peer
  }

  mutating func removeAll(of peer: Int32) { entries.removeAll { $0.peer == peer } }

  mutating func remove(_ address: TransportAddress) {
    entries.removeAll { $0.address == address }
  }
}

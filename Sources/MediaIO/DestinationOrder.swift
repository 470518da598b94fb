internal import CDatagram
internal import Transport
internal import Wire

/// Brings the datagrams of a batch into an order in which those of one path are neighbours, so that
/// the kernel can take a run of them at once. Stable: the order on each path, and of the paths by
/// their first datagram, stays. Memory of its own, linear time. What goes over TCP is left out.
final class DestinationOrder {
  let items: UnsafeMutablePointer<datagram>
  private let capacity: Int

  /// The group of each entry.
  private let groups: UnsafeMutablePointer<Int32>
  /// Of each group: its size, then where its next entry goes; its first entry; where it is in the
  /// table.
  private let places: UnsafeMutablePointer<Int32>
  private let firsts: UnsafeMutablePointer<Int32>
  private let homes: UnsafeMutablePointer<Int32>
  /// Open addressing from path to group; -1 is free. Never more than half full.
  private let table: UnsafeMutablePointer<Int32>
  private let mask: Int

  init(capacity: Int) {
    self.capacity = capacity
    items = .allocate(capacity: capacity)
    items.initialize(repeating: datagram(), count: capacity)
    groups = .allocate(capacity: capacity)
    places = .allocate(capacity: capacity)
    firsts = .allocate(capacity: capacity)
    homes = .allocate(capacity: capacity)
    var size = 16
    while size < capacity * 2 { size *= 2 }
    mask = size - 1
    table = .allocate(capacity: size)
    table.initialize(repeating: -1, count: size)
  }

  deinit {
    items.deallocate()
    groups.deallocate()
    places.deallocate()
    firsts.deallocate()
    homes.deallocate()
    table.deallocate()
  }

  /// Fills `items` from the batch; returns how many there are.
  func arrange(_ batch: borrowing OutboundBatch) -> Int {
    let entries = batch.entries
    let count = min(entries.count, capacity)
    let groupCount = group(entries, count)
    var next: Int32 = 0
    for group in 0..<groupCount {
      let size = places[group]
      places[group] = next
      next &+= size
      // The table is clean again for the next batch, at the cost of the groups only.
      table[Int(homes[group])] = -1
    }
    for i in 0..<count where groups[i] >= 0 {
      let entry = entries[i]
      let group = Int(groups[i])
      let at = Int(places[group])
      places[group] &+= 1
      items[at].bytes = batch.arena.buffer(entry.slot).baseAddress
      items[at].length = UInt32(truncatingIfNeeded: entry.length)
      items[at].remote = datagram_address(entry.path.remote.ip)
      items[at].remote_port = entry.path.remote.port
      items[at].local = datagram_address(entry.path.local)
    }
    return Int(next)
  }

  private func group(
    _ entries: UnsafeBufferPointer<OutboundBatch.Entry>, _ count: Int
  ) -> Int {
    var groupCount: Int32 = 0
    for i in 0..<count {
      let path = entries[i].path
      guard path.remote.transport == .udp else {
        groups[i] = -1
        continue
      }
      // Most packets go where the one before went.
      if i > 0, path == entries[i - 1].path {
        groups[i] = groups[i - 1]
      } else {
        let at = place(of: path, entries)
        if table[at] < 0 {
          table[at] = groupCount
          firsts[Int(groupCount)] = Int32(truncatingIfNeeded: i)
          homes[Int(groupCount)] = Int32(truncatingIfNeeded: at)
          places[Int(groupCount)] = 0
          groupCount &+= 1
        }
        groups[i] = table[at]
      }
      places[Int(groups[i])] &+= 1
    }
    return Int(groupCount)
  }

  /// Where the group of a path is in the table, or the free place where it would go.
  private func place(
    of path: NetworkPath, _ entries: UnsafeBufferPointer<OutboundBatch.Entry>
  ) -> Int {
    var hash = path.remote.ip.low ^ path.remote.ip.high &* 0x9E37_79B9_7F4A_7C15
    hash = (hash ^ UInt64(path.remote.port) << 32) &* 0xD6E8_FEB8_6659_FD93
    hash = (hash ^ hash >> 32 ^ path.local.low) &* 0xD6E8_FEB8_6659_FD93
    var at = Int(truncatingIfNeeded: hash >> 32) & mask
    while table[at] >= 0, entries[Int(firsts[Int(table[at])])].path != path {
      at = (at &+ 1) & mask
    }
    return at
  }
}

extension datagram_address {
  init(_ ip: IPAddress) { self.init(high: ip.high, low: ip.low) }
}

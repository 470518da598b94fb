/// Open addressing with linear probing, from hashes to small numbers: which entries of a side table
/// may hold a key. The caller compares the keys. No allocation after `init`.
struct HashIndex: ~Copyable {
  private let hashes: UnsafeMutablePointer<UInt64>
  /// -1 = empty.
  private let values: UnsafeMutablePointer<Int32>
  private let mask: Int
  let capacity: Int
  private(set) var count = 0

  /// - Parameter capacity: entries at most; there are at least twice as many places.
  init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
    var size = 8
    while size < capacity * 2 { size *= 2 }
    mask = size - 1
    hashes = .allocate(capacity: size)
    hashes.initialize(repeating: 0, count: size)
    values = .allocate(capacity: size)
    values.initialize(repeating: -1, count: size)
  }

  deinit {
    hashes.deallocate()
    values.deallocate()
  }

  /// The first value under this hash that `matches`.
  func first(_ hash: UInt64, where matches: (Int32) -> Bool) -> Int32? {
    var place = Int(truncatingIfNeeded: hash) & mask
    while values[place] >= 0 {
      if hashes[place] == hash, matches(values[place]) { return values[place] }
      place = (place &+ 1) & mask
    }
    return nil
  }

  /// `false` when the index is full.
  mutating func insert(_ hash: UInt64, _ value: Int32) -> Bool {
    guard count < capacity else { return false }
    var place = Int(truncatingIfNeeded: hash) & mask
    while values[place] >= 0 { place = (place &+ 1) & mask }
    hashes[place] = hash
    values[place] = value
    count &+= 1
    return true
  }

  mutating func remove(_ hash: UInt64, _ value: Int32) {
    var place = Int(truncatingIfNeeded: hash) & mask
    while values[place] >= 0, hashes[place] != hash || values[place] != value {
      place = (place &+ 1) & mask
    }
    guard values[place] >= 0 else { return }
    count &-= 1
    // Close the gap: move back what would not be found any more.
    var hole = place
    var next = (place &+ 1) & mask
    while values[next] >= 0 {
      let home = Int(truncatingIfNeeded: hashes[next]) & mask
      if (next &- home) & mask >= (next &- hole) & mask {
        hashes[hole] = hashes[next]
        values[hole] = values[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    values[hole] = -1
  }
}

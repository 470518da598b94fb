internal import Wire

/// A bounded set of SSRCs with a constant lookup and no allocation after it was made: open
/// addressing in memory of its own, at most half full. Nothing is ever removed.
struct SSRCSet: ~Copyable {
  let limit: Int
  private(set) var count = 0
  private let mask: Int
  private let table: UnsafeMutablePointer<UInt32>
  /// 0 marks a free place in the table, so the SSRC 0 is kept apart.
  private var hasZero = false

  init(limit: Int) {
    self.limit = limit
    var size = 8
    while size < limit * 2 { size *= 2 }
    mask = size - 1
    table = .allocate(capacity: size)
    table.initialize(repeating: 0, count: size)
  }

  deinit { table.deallocate() }

  var isFull: Bool { count >= limit }

  func contains(_ ssrc: SSRC) -> Bool {
    ssrc.rawValue == 0 ? hasZero : table[place(of: ssrc.rawValue)] != 0
  }

  /// Does nothing when it is already there or the set is full.
  mutating func insert(_ ssrc: SSRC) {
    guard !contains(ssrc), !isFull else { return }
    count += 1
    if ssrc.rawValue == 0 {
      hasZero = true
    } else {
      table[place(of: ssrc.rawValue)] = ssrc.rawValue
    }
  }

  /// Where it is, or the free place where it would go. Ends, because half of the table is free.
  private func place(of value: UInt32) -> Int {
    var i = Int(truncatingIfNeeded: value &* 0x9E37_79B1 >> 8) & mask
    while table[i] != 0 && table[i] != value { i = (i &+ 1) & mask }
    return i
  }
}

internal import CPrefetch

/// What is kept of one SSRC in one direction: the highest index of SRTP and of SRTCP, and which of
/// those before it were seen (RFC 3711 section 3.2.1). A handle on words of an `SRTPStreamTable`.
struct SRTPStream {
  /// Packets that may arrive late, and still be told from replayed ones (RFC 3711 section 3.3.2).
  static let window: UInt64 = 1024
  static let controlWindow: UInt64 = 128
  static let words = 3 + Int(window / 64) + Int(controlWindow / 64)

  /// The largest index of SRTP, 48 bits, and of SRTCP, 31 bits.
  static let indexLimit: UInt64 = 1 << 48
  static let controlIndexLimit: UInt64 = 1 << 31

  enum Verdict {
    case fresh
    /// Within the window, and seen before.
    case repeated
    /// Before the window.
    case old
  }

  let storage: UnsafeMutablePointer<UInt64>

  var ssrc: UInt32 { UInt32(truncatingIfNeeded: storage[0]) }
  /// ROC * 2^16 + sequence number.
  var highest: UInt64 { storage[1] }
  var highestControl: UInt64 { storage[2] }

  private var seen: UnsafeMutablePointer<UInt64> { storage + 3 }
  private var seenControl: UnsafeMutablePointer<UInt64> {
    storage + 3 + Int(Self.window / 64)
  }

  /// The index that a sequence number most likely stands for (RFC 3711 section 3.3.1 and
  /// appendix A). Until half of the numbers are through, the roll-over counter is 0: nothing can be
  /// from before it.
  static func index(of sequence: UInt16, highest: UInt64) -> UInt64 {
    let s = UInt64(sequence)
    guard highest > 0x8000 else { return s }
    let roc = highest >> 16
    let last = highest & 0xFFFF
    if last < 0x8000 {
      return (s > last &+ 0x8000 ? roc &- 1 : roc) << 16 | s
    }
    return (last &- 0x8000 > s ? roc &+ 1 : roc) << 16 | s
  }

  func verdict(_ index: UInt64) -> Verdict {
    Self.verdict(index, highest, seen, Self.window)
  }

  func controlVerdict(_ index: UInt64) -> Verdict {
    Self.verdict(index, highestControl, seenControl, Self.controlWindow)
  }

  func note(_ index: UInt64) {
    storage[1] = Self.note(index, highest, seen, Self.window)
  }

  func noteControl(_ index: UInt64) {
    storage[2] = Self.note(index, highestControl, seenControl, Self.controlWindow)
  }

  private static func verdict(
    _ index: UInt64, _ highest: UInt64, _ seen: UnsafeMutablePointer<UInt64>, _ window: UInt64
  ) -> Verdict {
    if index > highest { return .fresh }
    if highest &- index >= window { return .old }
    let place = index & (window &- 1)
    return seen[Int(place >> 6)] & 1 << (place & 63) == 0 ? .fresh : .repeated
  }

  /// Bit n of the window is for the indices that are n modulo its length. Returns the highest index.
  private static func note(
    _ index: UInt64, _ highest: UInt64, _ seen: UnsafeMutablePointer<UInt64>, _ window: UInt64
  ) -> UInt64 {
    if index > highest {
      if index &- highest >= window {
        for word in 0..<Int(window >> 6) { seen[word] = 0 }
      } else {
        // What is between the old and the new highest was not seen.
        var skipped = highest &+ 1
        while skipped < index {
          let place = skipped & (window &- 1)
          seen[Int(place >> 6)] &= ~(1 << (place & 63))
          skipped &+= 1
        }
      }
    }
    let place = index & (window &- 1)
    seen[Int(place >> 6)] |= 1 << (place & 63)
    return max(index, highest)
  }
}

/// The streams of one direction: bounded, found by SSRC, none is ever removed (a session ends as a
/// whole).
struct SRTPStreamTable: ~Copyable {
  let limit: Int
  private(set) var count = 0
  private var capacity: Int
  private var streams: UnsafeMutablePointer<UInt64>
  /// Open addressing, at most half full: 0 is free, n is the stream n - 1.
  private var places: UnsafeMutablePointer<UInt16>
  private var mask: Int

  /// - Parameter limit: at most 32 767.
  init(limit: Int) {
    self.limit = limit
    capacity = 0
    mask = 0
    streams = .allocate(capacity: 1)
    places = .allocate(capacity: 1)
    places[0] = 0
    grow(to: min(4, limit))
  }

  deinit {
    streams.deallocate()
    places.deallocate()
  }

  var isFull: Bool { count >= limit }

  func prefetch() {
    CPrefetch.prefetch(places)
    // A peer has two or three streams; three lines each.
    let start = UnsafeRawPointer(streams)
    let octets = min(count, 3) &* SRTPStream.words &* 8
    for offset in stride(from: 0, to: octets, by: 64) { CPrefetch.prefetch(start + offset) }
  }

  func find(_ ssrc: UInt32) -> SRTPStream? {
    var i = place(ssrc)
    while places[i] != 0 {
      let stream = stream(Int(places[i]) &- 1)
      if stream.ssrc == ssrc { return stream }
      i = (i &+ 1) & mask
    }
    return nil
  }

  /// - Precondition: not there yet.
  /// - Returns: `nil` when the table is full. Handles from before are invalid.
  mutating func insert(_ ssrc: UInt32) -> SRTPStream? {
    guard !isFull else { return nil }
    if count == capacity { grow(to: min(capacity * 2, limit)) }
    let new = stream(count)
    new.storage.initialize(repeating: 0, count: SRTPStream.words)
    new.storage[0] = UInt64(ssrc)
    count += 1
    link(count)
    return new
  }

  private func stream(_ i: Int) -> SRTPStream {
    SRTPStream(storage: streams + i &* SRTPStream.words)
  }

  private func place(_ ssrc: UInt32) -> Int {
    Int(truncatingIfNeeded: ssrc &* 0x9E37_79B1 >> 8) & mask
  }

  private func link(_ number: Int) {
    var i = place(stream(number - 1).ssrc)
    while places[i] != 0 { i = (i + 1) & mask }
    places[i] = UInt16(number)
  }

  private mutating func grow(to wanted: Int) {
    let larger = UnsafeMutablePointer<UInt64>.allocate(
      capacity: max(1, wanted * SRTPStream.words))
    larger.initialize(from: streams, count: count * SRTPStream.words)
    streams.deallocate()
    streams = larger
    capacity = wanted
    var size = 8
    while size < wanted * 2 { size *= 2 }
    places.deallocate()
    places = .allocate(capacity: size)
    places.initialize(repeating: 0, count: size)
    mask = size - 1
    for number in 0..<count { link(number + 1) }
  }
}

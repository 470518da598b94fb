/// Follows the counters of one track at one receiver: every number from the first that arrived is
/// expected once.
///
/// Numbers may come late within `window`; what is older cannot be told from a duplicate and counts
/// as one.
struct SequenceAudit: ~Copyable {
  static let window: Int64 = 8192

  enum Arrival: Equatable {
    /// New, and the highest so far.
    case inOrder
    /// New, but a higher one came before it.
    case late
    case duplicate
  }

  private(set) var first: Int64?
  private(set) var highest: Int64 = -1
  /// Different numbers that arrived.
  private(set) var received: Int64 = 0
  /// Came again by their own way.
  private(set) var duplicates: Int64 = 0
  /// Came as a retransmission though they were there.
  private(set) var superfluous: Int64 = 0
  private(set) var reordered: Int64 = 0
  /// Came as a retransmission, and was missing until then.
  private(set) var recovered: Int64 = 0
  /// Bit n: a number that is n modulo the window.
  private let seen: UnsafeMutablePointer<UInt64>
  private static let words = Int(window / 64)

  init() {
    seen = .allocate(capacity: Self.words)
    seen.initialize(repeating: 0, count: Self.words)
  }

  deinit { seen.deallocate() }

  /// - Parameters:
  ///   - index: the counter of the packet.
  ///   - isRetransmission: it came on a retransmission stream.
  @discardableResult
  mutating func note(_ index: UInt32, isRetransmission: Bool) -> Arrival {
    let number = Int64(index)
    guard let first else {
      self.first = number
      highest = number
      mark(number)
      received = 1
      return .inOrder
    }
    if number > highest {
      if number - highest >= Self.window {
        seen.update(repeating: 0, count: Self.words)
      } else {
        var skipped = highest + 1
        while skipped < number {
          let place = Int(skipped & (Self.window - 1))
          seen[place >> 6] &= ~(1 << UInt64(place & 63))
          skipped += 1
        }
      }
      highest = number
      mark(number)
      received += 1
      if isRetransmission { recovered += 1 }
      return .inOrder
    }
    let place = Int(number & (Self.window - 1))
    guard highest - number < Self.window, seen[place >> 6] & 1 << UInt64(place & 63) == 0 else {
      if isRetransmission { superfluous += 1 } else { duplicates += 1 }
      return .duplicate
    }
    mark(number)
    if number < first {
      // Overtaken by the first one that came: it is expected from now on.
      self.first = number
    }
    received += 1
    if isRetransmission {
      recovered += 1
    } else {
      reordered += 1
    }
    return .late
  }

  private func mark(_ number: Int64) {
    let place = Int(number & (Self.window - 1))
    seen[place >> 6] |= 1 << UInt64(place & 63)
  }

  /// - Parameter last: the counter of the last packet that was sent; `nil` when only what lies
  ///   between the first and the last arrival counts, as at the end of a track.
  func expected(last: Int64? = nil) -> Int64 {
    guard let first else { return 0 }
    return max(highest, last ?? highest) - first + 1
  }

  func lost(last: Int64? = nil) -> Int64 { expected(last: last) - received }
}

/// A packet status chunk (draft-holmer-rmcat-transport-wide-cc-extensions-01 sections 3.1.3 and
/// 3.1.4). Symbols: 0 not received, 1 small delta (one octet), 2 large or negative delta (two
/// octets), 3 reserved (taken as received without a delta, so: nothing known).
struct TransportFeedbackChunk {
  static let notReceived: UInt8 = 0
  static let small: UInt8 = 1
  static let large: UInt8 = 2
  static let maximumRun = 0x1FFF

  let rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }

  private var isRun: Bool { rawValue & 0x8000 == 0 }
  private var hasTwoBitSymbols: Bool { rawValue & 0x4000 != 0 }

  /// How many packets it is about.
  var count: Int {
    isRun ? Int(rawValue & 0x1FFF) : (hasTwoBitSymbols ? 7 : 14)
  }

  /// - Parameter i: less than `count`.
  func symbol(at i: Int) -> UInt8 {
    if isRun { return UInt8(truncatingIfNeeded: rawValue >> 13) & 3 }
    if hasTwoBitSymbols { return UInt8(truncatingIfNeeded: rawValue >> UInt16(12 &- 2 &* i)) & 3 }
    return UInt8(truncatingIfNeeded: rawValue >> UInt16(13 &- i)) & 1
  }

  /// Octets of deltas that its first `n` packets have.
  func deltaLength(first n: Int) -> Int {
    func length(_ symbol: UInt8) -> Int {
      symbol == Self.small ? 1 : (symbol == Self.large ? 2 : 0)
    }
    if isRun { return length(symbol(at: 0)) &* n }
    var sum = 0
    for i in 0..<n { sum &+= length(symbol(at: i)) }
    return sum
  }

  static func run(of symbol: UInt8, count: Int) -> Self {
    Self(rawValue: UInt16(symbol) << 13 | UInt16(truncatingIfNeeded: count) & 0x1FFF)
  }
}

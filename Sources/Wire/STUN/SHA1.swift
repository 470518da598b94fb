/// SHA-1 (RFC 3174). Only for HMAC in STUN, where RFC 8489 asks for it.
struct SHA1 {
  typealias Digest = (UInt32, UInt32, UInt32, UInt32, UInt32)
  static let digestLength = 20
  static let blockLength = 64

  private var state: Digest = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
  )
  private var block = InlineArray<16, UInt32>(repeating: 0)
  /// Octets so far.
  private var length: UInt64 = 0

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes { update(byte) }
  }

  mutating func update(_ byte: UInt8) {
    let position = Int(truncatingIfNeeded: length & 63)
    let word = position >> 2
    block[word] = block[word] << 8 | UInt32(byte)
    length &+= 1
    if position == 63 { compress() }
  }

  consuming func finish() -> Digest {
    let bits = length &* 8
    update(0x80)
    while length & 63 != 56 { update(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      update(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    return state
  }

  private mutating func compress() {
    func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x << n | x >> (32 &- n) }
    var (a, b, c, d, e) = state
    for t in 0..<80 {
      let slot = t & 15
      if t >= 16 {
        block[slot] = rotate(
          block[(t &+ 13) & 15] ^ block[(t &+ 8) & 15] ^ block[(t &+ 2) & 15] ^ block[slot], 1)
      }
      let f: UInt32
      let k: UInt32
      switch t {
      case ..<20: (f, k) = (b & c | ~b & d, 0x5A82_7999)
      case ..<40: (f, k) = (b ^ c ^ d, 0x6ED9_EBA1)
      case ..<60: (f, k) = (b & c | b & d | c & d, 0x8F1B_BCDC)
      default: (f, k) = (b ^ c ^ d, 0xCA62_C1D6)
      }
      let next = rotate(a, 5) &+ f &+ e &+ k &+ block[slot]
      (e, d, c, b, a) = (d, c, rotate(b, 30), a, next)
    }
    state.0 &+= a
    state.1 &+= b
    state.2 &+= c
    state.3 &+= d
    state.4 &+= e
  }
}

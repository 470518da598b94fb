internal import Wire

/// The payload types of one m= section, at most 16 codecs, for lookups by packet without
/// allocation.
struct PayloadTable: Sendable {
  static let capacity = 16
  static let none: UInt8 = 0xFF

  struct Match {
    /// Which binding: 0..<16.
    var index: UInt8
    var isRetransmission: Bool
  }

  /// How a payload is read.
  enum Format: UInt8 {
    case opus, red, vp8, h264
  }

  private let codecs: [MediaCodec]
  private let count: Int
  private var media = SIMD16<UInt8>(repeating: Self.none)
  private var retransmission = SIMD16<UInt8>(repeating: Self.none)
  private var formats = SIMD16<UInt8>(repeating: 0)
  /// Which binding is Opus, `none` where there is none.
  let opus: UInt8

  /// Bindings beyond the sixteenth are left out.
  init(_ bindings: [PayloadBinding]) {
    let bindings = bindings.prefix(Self.capacity)
    codecs = bindings.map(\.codec)
    count = bindings.count
    let opus = codecs.firstIndex(of: .opus)
    self.opus = opus.map { UInt8(truncatingIfNeeded: $0) } ?? Self.none
    for (i, binding) in bindings.enumerated() {
      media[i] = binding.payloadType & 0x7F
      if let type = binding.rtxPayloadType { retransmission[i] = type & 0x7F }
      let format: Format =
        switch binding.codec {
        case .opus: .opus
        case .red: .red
        case .vp8: .vp8
        case .h264: .h264
        }
      formats[i] = format.rawValue
    }
  }

  func match(_ payloadType: UInt8) -> Match? {
    for i in 0..<count {
      if media[i] == payloadType {
        return Match(index: UInt8(truncatingIfNeeded: i), isRetransmission: false)
      }
      if retransmission[i] == payloadType {
        return Match(index: UInt8(truncatingIfNeeded: i), isRetransmission: true)
      }
    }
    return nil
  }

  var firstRetransmissionType: UInt8? {
    for i in 0..<count where retransmission[i] != Self.none { return retransmission[i] }
    return nil
  }

  func payloadType(at index: UInt8) -> UInt8 { media[Int(index & 15)] }
  func rtxPayloadType(at index: UInt8) -> UInt8 { retransmission[Int(index & 15)] }

  func format(at index: UInt8) -> Format { Format(rawValue: formats[Int(index & 15)]) ?? .opus }

  /// What the blocks of RED packets have for a payload type: that of Opus.
  var blockType: UInt8 { opus == Self.none ? Self.none : media[Int(opus & 15)] }

  /// For each binding of `source` the index here of the same codec, `none` where there is none. RED
  /// goes to Opus where it is not wanted, or has no Opus beside it to name in its blocks.
  func map(from source: borrowing PayloadTable, wantsRED: Bool) -> SIMD16<UInt8> {
    var map = SIMD16<UInt8>(repeating: Self.none)
    for (i, codec) in source.codecs.enumerated() {
      if codec == .red, opus == Self.none || !wantsRED || !codecs.contains(.red) {
        map[i] = opus
      } else if let own = codecs.firstIndex(of: codec) {
        map[i] = UInt8(truncatingIfNeeded: own)
      }
    }
    return map
  }
}

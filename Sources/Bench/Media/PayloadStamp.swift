internal import Wire

/// What each payload of the load generator carries, so that whoever receives it knows who sent it,
/// when, and which one it is: 24 octets in network order.
struct PayloadStamp: Hashable {
  static let length = 24

  /// Of the sending track, unique in the run.
  var source: UInt32
  /// Counts the packets of the track from 0.
  var index: UInt32
  /// When it was handed to the network, on the sender's monotonic clock.
  var sent: MediaInstant

  /// - Parameter offset: `length` octets are there.
  func write(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
    buffer.setNetworkUInt32(source, at: offset)
    buffer.setNetworkUInt32(index, at: offset + 4)
    let time = UInt64(bitPattern: sent.nanoseconds)
    buffer.setNetworkUInt64(time, at: offset + 8)
    buffer.setNetworkUInt64(Self.seal(source, index, time), at: offset + 16)
  }

  /// `nil` when the octets are no stamp: too few, or changed on the way.
  init?(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    guard offset >= 0, bytes.count >= offset + Self.length else { return nil }
    source = bytes.networkUInt32(at: offset)
    index = bytes.networkUInt32(at: offset + 4)
    let time = bytes.networkUInt64(at: offset + 8)
    sent = MediaInstant(nanoseconds: Int64(bitPattern: time))
    guard bytes.networkUInt64(at: offset + 16) == Self.seal(source, index, time) else { return nil }
  }

  init(source: UInt32, index: UInt32, sent: MediaInstant) {
    self.source = source
    self.index = index
    self.sent = sent
  }

  private static func seal(_ source: UInt32, _ index: UInt32, _ time: UInt64) -> UInt64 {
    var z = (UInt64(source) << 32 | UInt64(index)) ^ time &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    return z ^ (z >> 31)
  }
}

internal import Wire

/// A received packet as forwarding sees it: what its header said, and where its payload lies in its
/// slot. Headers are not kept: each viewer gets a fresh one.
struct MediaPacket {
  struct Flags: OptionSet {
    var rawValue: UInt8
    static let marker = Self(rawValue: 1)
    /// A decoder can start here; every audio packet.
    static let startsKeyframe = Self(rawValue: 2)
    static let hasAudioLevel = Self(rawValue: 4)
    static let voice = Self(rawValue: 8)
    /// The payload is RED around Opus and has been checked.
    static let isRED = Self(rawValue: 16)
  }

  var slot: PacketSlot
  /// See `ReceptionStatistics`.
  var index: Int64
  var arrival: MediaInstant
  var timestamp: UInt32
  var payloadOffset: UInt16
  var payloadLength: UInt16
  /// Which of the publication's payload bindings.
  var payload: UInt8
  var flags: Flags
  /// RFC 6464, 0...127.
  var audioLevel: UInt8
  var vp8: VP8Descriptor?
}

internal import Congestion
internal import Forwarding
internal import Wire

/// What is still to be done to a packet when it leaves, in the 64 bits that the pacer keeps for its
/// owner.
struct Departure {
  let context: UInt64

  init(context: UInt64) { self.context = context }

  init(_ packet: ForwardedPacket) {
    context =
      UInt64(packet.transportSequenceOffset) | UInt64(packet.sendTimeOffset) << 16
      | UInt64(UInt32(bitPattern: packet.subscription.index)) << 32
      | (packet.isFirst ? 1 << 63 : 0)
  }

  var transportSequenceOffset: Int { Int(context & 0xFFFF) }
  var sendTimeOffset: Int { Int(context >> 16 & 0xFFFF) }
  /// Index of its subscription.
  var subscription: Int { Int(context >> 32 & 0x7FFF_FFFF) }
  var isFirst: Bool { context >> 63 != 0 }
}

extension ForwardedPacket {
  var departureKind: SentPacketKind {
    if kind == .audio { return .audio }
    if isRetransmission { return .retransmission }
    return isPadding ? .padding : .video
  }
}

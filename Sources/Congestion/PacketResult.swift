internal import Wire

/// What became of one packet, when feedback first spoke of it.
struct PacketResult: Hashable {
  var sequence: Int64
  var sent: MediaInstant
  /// On the receiver's clock, microseconds from an arbitrary origin; `nil` = reported as not received.
  var arrival: Int64?
  /// Octets, as they were given to `SentPacketLog.packetSent`.
  var length: Int
  var kind: SentPacketKind
  var probe: ProbeCluster.ID
  /// An earlier feedback had it as lost: it was only late.
  var wasLost: Bool

  var sentMicroseconds: Int64 { sent.microseconds }
}

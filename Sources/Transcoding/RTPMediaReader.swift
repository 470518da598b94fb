public import Wire

/// What an RTP packet of one publication says to somebody who decodes it: retransmissions (RFC 4588) are put
/// back to what they repeat, redundancy (RFC 2198) is taken off.
public struct RTPMediaReader: Sendable {
  public struct Packet: Hashable, Sendable {
    public var codec: MediaCodec
    public var sequenceNumber: UInt16
    public var timestamp: UInt32
    public var marker: Bool
    /// In the packet's octets; empty for padding.
    public var payload: Range<Int>
    /// The first of another source than before.
    public var beginsStream: Bool
  }

  private let bindings: [PayloadBinding]
  /// Of what was read last.
  public private(set) var source: SSRC?

  public init(bindings: [PayloadBinding]) { self.bindings = bindings }

  /// - Parameter octets: a whole packet, decrypted.
  /// - Returns: `nil` when it is none of the publication, or carries nothing.
  public mutating func read(_ octets: UnsafeRawBufferPointer) -> Packet? {
    guard let packet = RTPPacket(octets) else { return nil }
    for binding in bindings {
      if binding.payloadType == packet.payloadType {
        let beginsStream = source != packet.ssrc
        source = packet.ssrc
        var read = Packet(
          codec: binding.codec, sequenceNumber: packet.sequenceNumber,
          timestamp: packet.timestamp, marker: packet.marker, payload: packet.payloadRange,
          beginsStream: beginsStream)
        if binding.codec == .red {
          guard let red = REDPayload(octets.slice(packet.payloadRange)) else { return nil }
          read.codec = .opus
          let start = packet.headerLength
          read.payload = (start + red.primary.lowerBound)..<(start + red.primary.upperBound)
        }
        return read
      }
      if binding.rtxPayloadType == packet.payloadType {
        guard source != nil,
          let original = RetransmissionPayload.originalSequenceNumber(of: packet, in: octets)
        else { return nil }
        return Packet(
          codec: binding.codec, sequenceNumber: original, timestamp: packet.timestamp,
          marker: packet.marker,
          payload: (packet.payloadRange.lowerBound + 2)..<packet.payloadRange.upperBound,
          beginsStream: false)
      }
    }
    return nil
  }
}

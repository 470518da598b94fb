/// What a datagram is, by its first octet (RFC 7983 section 7, updated by RFC 9443) and, between
/// RTP and RTCP, its second (RFC 5761 section 4).
public enum DatagramKind: Hashable, Sendable {
  case stun, dtls, rtp, rtcp

  @inlinable
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 2 else { return nil }
    switch bytes[0] {
    case 128...191: self = (192...223).contains(bytes[1]) ? .rtcp : .rtp
    case 0...3: self = .stun
    case 20...63: self = .dtls
    default: return nil
    }
  }
}

/// A payload format that we forward. Two sides have a codec in common when the values are equal.
public enum MediaCodec: Hashable, Sendable {
  /// RFC 7587; always `opus/48000/2` in SDP.
  case opus
  /// RFC 2198 around the Opus of the same section: each packet repeats some before it. Never alone:
  /// for those who lack it the Opus inside is taken out.
  case red
  /// RFC 7741.
  case vp8
  /// RFC 6184. `profile` is the first two octets of `profile-level-id` (profile_idc, profile-iop);
  /// the level does not part two sides, since forwarding cannot change it.
  case h264(profile: UInt16, packetizationMode: UInt8)

  @inlinable
  public var kind: MediaKind {
    switch self {
    case .opus, .red: .audio
    case .vp8, .h264: .video
    }
  }

  /// RTP clock rate, Hz.
  @inlinable
  public var clockRate: UInt32 { kind == .audio ? 48_000 : 90_000 }
}

/// A codec under the payload type that one peer gave it, with the payload type of its RFC 4588
/// retransmissions where there are such.
public struct PayloadBinding: Hashable, Sendable {
  public var codec: MediaCodec
  /// 0...127
  public var payloadType: UInt8
  public var rtxPayloadType: UInt8?

  public init(codec: MediaCodec, payloadType: UInt8, rtxPayloadType: UInt8?) {
    self.codec = codec
    self.payloadType = payloadType
    self.rtxPayloadType = rtxPayloadType
  }
}

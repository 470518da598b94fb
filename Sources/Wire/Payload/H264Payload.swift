/// What an H.264 RTP payload (RFC 6184) says of its frame, for packetization modes 0 and 1.
public enum H264Payload {
  @usableFromInline static let idrSlice: UInt8 = 5
  @usableFromInline static let sequenceParameterSet: UInt8 = 7
  @usableFromInline static let stapA: UInt8 = 24
  @usableFromInline static let fuA: UInt8 = 28

  /// Whether a decoder can start here: the payload holds an SPS, or the start of an IDR slice.
  ///
  /// Encoders of browsers send SPS and PPS right before each IDR, so the SPS is the first packet of
  /// the keyframe.
  @inlinable
  public static func startsKeyframe(_ payload: UnsafeRawBufferPointer) -> Bool {
    guard let first = payload.first else { return false }
    switch first & 0x1F {
    case idrSlice, sequenceParameterSet:
      return true
    case stapA:
      var cursor = 1
      while cursor &+ 3 <= payload.count {
        let length = Int(payload.networkUInt16(at: cursor))
        guard length > 0, cursor &+ 2 &+ length <= payload.count else { return false }
        let type = payload[cursor &+ 2] & 0x1F
        if type == idrSlice || type == sequenceParameterSet { return true }
        cursor &+= 2 &+ length
      }
      return false
    case fuA:
      guard payload.count >= 2 else { return false }
      let header = payload[1]
      let type = header & 0x1F
      return header & 0x80 != 0 && (type == idrSlice || type == sequenceParameterSet)
    default:
      return false
    }
  }
}

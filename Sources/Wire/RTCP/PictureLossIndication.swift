/// A picture loss indication (RFC 4585 section 6.3.1).
public struct PictureLossIndication: Hashable, Sendable {
  static let format: UInt8 = 1
  static let length = 12

  public var sender: SSRC
  public var media: SSRC

  public init(sender: SSRC, media: SSRC) {
    self.sender = sender
    self.media = media
  }

  init?(_ packet: UnsafeRawBufferPointer) {
    guard packet.count >= Self.length else { return nil }
    sender = SSRC(packet.networkUInt32(at: 4))
    media = SSRC(packet.networkUInt32(at: 8))
  }

  /// Returns the length, `nil` when it does not fit.
  public func write(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    guard buffer.count >= Self.length else { return nil }
    RTCPHeader.writeFeedback(
      format: Self.format, packetType: RTCPHeader.payloadSpecificFeedback, sender: sender,
      media: media, length: Self.length, into: buffer)
    return Self.length
  }
}

/// VP8 frames to RTP payloads (RFC 7741): a descriptor with a 15-bit picture id before each piece of
/// the frame. The caller numbers the packets and sets the marker on the last.
public struct VP8Packetizer: Sendable {
  /// Octets of a payload, descriptor included.
  public let maximumPayload: Int
  /// Of the next frame, 0...32767.
  public private(set) var pictureID: UInt16

  static let descriptorLength = 4

  public init(maximumPayload: Int, firstPictureID: UInt16) {
    self.maximumPayload = max(maximumPayload, Self.descriptorLength + 1)
    pictureID = firstPictureID & 0x7FFF
  }

  /// - Parameter isDiscardable: no other frame needs this one (N bit).
  /// - Returns: payloads of about the same size, in order; none for an empty frame.
  public mutating func packetize(_ frame: [UInt8], isDiscardable: Bool) -> [[UInt8]] {
    guard !frame.isEmpty else { return [] }
    let room = maximumPayload - Self.descriptorLength
    let count = (frame.count + room - 1) / room
    var payloads: [[UInt8]] = []
    payloads.reserveCapacity(count)
    for i in 0..<count {
      let range = (frame.count * i / count)..<(frame.count * (i + 1) / count)
      var payload: [UInt8] = [
        0x80 | (isDiscardable ? 0x20 : 0) | (i == 0 ? 0x10 : 0), 0x80,
        0x80 | UInt8(pictureID >> 8), UInt8(pictureID & 0xFF),
      ]
      payload.append(contentsOf: frame[range])
      payloads.append(payload)
    }
    pictureID = (pictureID + 1) & 0x7FFF
    return payloads
  }
}

/// The VP8 payload descriptor, and what the payload header behind it says of the frame (RFC 7741
/// sections 4.2 and 4.3).
public struct VP8Descriptor: Hashable, Sendable {
  /// Octets of the descriptor: where the VP8 payload starts.
  public let length: Int
  /// S bit.
  public let startOfPartition: Bool
  /// 0...7
  public let partitionID: UInt8
  /// N bit: no other frame needs this one.
  public let nonReference: Bool
  public let temporalID: UInt8?
  /// Y bit: depends only on frames of the base layer.
  public let layerSync: Bool
  /// 0...31
  public let keyIndex: UInt8?
  public let tl0PicIdx: UInt8?
  /// The first octets of a keyframe.
  public let isKeyframeStart: Bool
  /// Pixels; known on the first packet of a keyframe that holds the whole frame header.
  public let frameSize: FrameSize?

  @usableFromInline let rawPictureID: UInt16
  @usableFromInline let pictureIDOffset: UInt8
  @usableFromInline let pictureIDForm: UInt8
  @usableFromInline let tl0Offset: UInt8

  public struct FrameSize: Hashable, Sendable {
    public var width: UInt16
    public var height: UInt16
    @inlinable
    public init(width: UInt16, height: UInt16) {
      self.width = width
      self.height = height
    }
  }

  /// `nil` when the descriptor does not fit or no payload follows it.
  @inlinable
  public init?(_ payload: UnsafeRawBufferPointer) {
    let count = payload.count
    guard count >= 2 else { return nil }
    let first = payload[0]
    var cursor = 1
    var rawPictureID: UInt16 = 0
    var pictureIDOffset: UInt8 = 0
    var pictureIDForm: UInt8 = 0
    var tl0Offset: UInt8 = 0
    var tl0: UInt8?
    var tid: UInt8?
    var sync = false
    var key: UInt8?
    if first & 0x80 != 0 {
      let flags = payload[1]
      cursor = 2
      if flags & 0x80 != 0 {
        guard cursor < count else { return nil }
        pictureIDOffset = UInt8(truncatingIfNeeded: cursor)
        if payload[cursor] & 0x80 != 0 {
          guard cursor &+ 2 <= count else { return nil }
          rawPictureID = payload.networkUInt16(at: cursor) & 0x7FFF
          pictureIDForm = 2
          cursor &+= 2
        } else {
          rawPictureID = UInt16(payload[cursor])
          pictureIDForm = 1
          cursor &+= 1
        }
      }
      if flags & 0x40 != 0 {
        guard cursor < count else { return nil }
        tl0Offset = UInt8(truncatingIfNeeded: cursor)
        tl0 = payload[cursor]
        cursor &+= 1
      }
      if flags & 0x30 != 0 {
        guard cursor < count else { return nil }
        let value = payload[cursor]
        if flags & 0x20 != 0 {
          tid = value >> 6
          sync = value & 0x20 != 0
        }
        if flags & 0x10 != 0 { key = value & 0x1F }
        cursor &+= 1
      }
    }
    guard cursor < count else { return nil }
    let start = first & 0x10 != 0
    let partition = first & 0x07
    // P bit of the payload header: 0 is a keyframe.
    let keyframe = start && partition == 0 && payload[cursor] & 1 == 0
    var size: FrameSize?
    if keyframe, cursor &+ 10 <= count, payload[cursor &+ 3] == 0x9D, payload[cursor &+ 4] == 0x01,
      payload[cursor &+ 5] == 0x2A
    {
      // Little-endian, 14 bits each; the upper two are a scaling hint (RFC 6386 section 9.1).
      size = FrameSize(
        width: payload.networkUInt16(at: cursor &+ 6).byteSwapped & 0x3FFF,
        height: payload.networkUInt16(at: cursor &+ 8).byteSwapped & 0x3FFF)
    }
    length = cursor
    startOfPartition = start
    partitionID = partition
    nonReference = first & 0x20 != 0
    temporalID = tid
    layerSync = sync
    keyIndex = key
    tl0PicIdx = tl0
    isKeyframeStart = keyframe
    frameSize = size
    self.rawPictureID = rawPictureID
    self.pictureIDOffset = pictureIDOffset
    self.pictureIDForm = pictureIDForm
    self.tl0Offset = tl0Offset
  }

  /// The picture id in the width it came in.
  @inlinable
  public var pictureID: UInt16? { pictureIDForm == 0 ? nil : rawPictureID }

  /// Whether the picture id counts modulo 2^15 (else 2^7).
  @inlinable
  public var is15Bit: Bool { pictureIDForm == 2 }

  /// The first packet of a frame.
  @inlinable
  public var startsFrame: Bool { startOfPartition && partitionID == 0 }

  /// Writes another picture id in the width that the packet has; higher bits are cut off.
  /// Does nothing where the packet has none.
  ///
  /// - Parameter payload: the payload that this descriptor was read from, or a copy of it.
  @inlinable
  public func setPictureID(_ value: UInt16, in payload: UnsafeMutableRawBufferPointer) {
    guard pictureIDForm != 0, payload.count >= length else { return }
    if pictureIDForm == 2 {
      payload.setNetworkUInt16(value & 0x7FFF | 0x8000, at: Int(pictureIDOffset))
    } else {
      payload[Int(pictureIDOffset)] = UInt8(truncatingIfNeeded: value) & 0x7F
    }
  }

  /// Writes another TL0PICIDX; does nothing where the packet has none.
  @inlinable
  public func setTL0PicIdx(_ value: UInt8, in payload: UnsafeMutableRawBufferPointer) {
    guard tl0Offset != 0, payload.count >= length else { return }
    payload[Int(tl0Offset)] = value
  }
}

/// The header of an RTP packet (RFC 3550 section 5.1), checked once; what it says of the bytes it
/// was read from holds until they change.
public struct RTPPacket: Hashable, Sendable {
  public static let fixedHeaderLength = 12
  /// A larger datagram is none of ours.
  public static let maximumLength = 1500

  /// 0...127
  public let payloadType: UInt8
  public let marker: Bool
  public let sequenceNumber: UInt16
  public let timestamp: UInt32
  public let ssrc: SSRC

  @usableFromInline let header: UInt16
  @usableFromInline let payload: UInt16
  @usableFromInline let padding: UInt16
  /// Where the extension elements start; their length is what remains of the header.
  @usableFromInline let extensionStart: UInt16
  @usableFromInline let extensionForm: ExtensionForm

  @usableFromInline
  enum ExtensionForm: UInt8, Sendable {
    /// No extension, or one that is not RFC 8285's.
    case none
    case oneByte, twoByte
  }

  /// `nil` when the bytes are not an RTP packet: too short or too long, another version, CSRCs,
  /// extension or padding that do not fit.
  @inlinable
  public init?(_ bytes: UnsafeRawBufferPointer) {
    let count = bytes.count
    guard count >= Self.fixedHeaderLength, count <= Self.maximumLength else { return nil }
    let first = bytes[0]
    guard first >> 6 == 2 else { return nil }
    var header = Self.fixedHeaderLength &+ Int(first & 15) &* 4
    guard header <= count else { return nil }
    var start = 0
    var form = ExtensionForm.none
    if first & 0x10 != 0 {
      guard header &+ 4 <= count else { return nil }
      let profile = bytes.networkUInt16(at: header)
      let length = Int(bytes.networkUInt16(at: header &+ 2)) &* 4
      start = header &+ 4
      header = start &+ length
      guard header <= count else { return nil }
      if profile == 0xBEDE {
        form = .oneByte
      } else if profile & 0xFFF0 == 0x1000 {
        form = .twoByte
      }
    }
    var padding = 0
    if first & 0x20 != 0 {
      padding = Int(bytes[count &- 1])
      guard padding > 0, header &+ padding <= count else { return nil }
    }
    payloadType = bytes[1] & 0x7F
    marker = bytes[1] & 0x80 != 0
    sequenceNumber = bytes.networkUInt16(at: 2)
    timestamp = bytes.networkUInt32(at: 4)
    ssrc = SSRC(bytes.networkUInt32(at: 8))
    self.header = UInt16(truncatingIfNeeded: header)
    self.payload = UInt16(truncatingIfNeeded: count &- header &- padding)
    self.padding = UInt16(truncatingIfNeeded: padding)
    extensionStart = UInt16(truncatingIfNeeded: start)
    extensionForm = form
  }

  /// Fixed header, CSRCs and extension, in octets.
  @inlinable public var headerLength: Int { Int(header) }
  /// Octets of payload, padding not counted.
  @inlinable public var payloadLength: Int { Int(payload) }
  /// Octets of padding, its count octet included; 0 without the P bit.
  @inlinable public var paddingLength: Int { Int(padding) }
  /// Octets of the whole packet.
  @inlinable public var length: Int { Int(header) &+ Int(payload) &+ Int(padding) }
  @inlinable public var payloadRange: Range<Int> {
    Int(header)..<(Int(header) &+ Int(payload))
  }

  /// Where the value of a header extension lies (RFC 8285 sections 4.2 and 4.3), `nil` when the
  /// packet has none of that id.
  ///
  /// - Parameters:
  ///   - id: 1...14, or 1...255 in the two-byte form.
  ///   - bytes: the packet that this header was read from.
  @inlinable
  public func extensionRange(id: UInt8, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
    guard extensionForm != .none, id != 0, bytes.count >= headerLength else { return nil }
    var cursor = Int(extensionStart)
    let end = headerLength
    if extensionForm == .oneByte {
      while cursor < end {
        let head = bytes[cursor]
        if head == 0 {
          cursor &+= 1
          continue
        }
        let found = head >> 4
        // 15 ends the elements, and so does a padding octet that claims a length.
        if found == 15 || found == 0 { return nil }
        let start = cursor &+ 1
        let next = start &+ Int(head & 15) &+ 1
        guard next <= end else { return nil }
        if found == id { return start..<next }
        cursor = next
      }
    } else {
      while cursor < end {
        let found = bytes[cursor]
        if found == 0 {
          cursor &+= 1
          continue
        }
        guard cursor &+ 2 <= end else { return nil }
        let start = cursor &+ 2
        let next = start &+ Int(bytes[cursor &+ 1])
        guard next <= end else { return nil }
        if found == id { return start..<next }
        cursor = next
      }
    }
    return nil
  }
}

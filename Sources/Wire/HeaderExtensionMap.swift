/// The RTP header extensions that we read or write (RFC 8285), by their meaning.
public enum HeaderExtension: UInt8, Hashable, Sendable, CaseIterable {
  /// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 9143)
  case mid
  /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id` (RFC 8852)
  case rtpStreamID
  /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id` (RFC 8852)
  case repairedRTPStreamID
  /// `http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01`
  case transportWideCC
  /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`
  case absoluteSendTime
  /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level` (RFC 6464)
  case audioLevel

  public var uri: String {
    switch self {
    case .mid: "urn:ietf:params:rtp-hdrext:sdes:mid"
    case .rtpStreamID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
    case .repairedRTPStreamID: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
    case .transportWideCC:
      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    case .absoluteSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
    case .audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
    }
  }

  public init?(uri: some StringProtocol) {
    guard let known = Self.allCases.first(where: { $0.uri == uri }) else { return nil }
    self = known
  }
}

/// Which id each extension has on one side of a session: 1...14, so that the one-byte form of
/// RFC 8285 section 4.2 always does. A plain value of eight bytes; no allocation.
public struct HeaderExtensionMap: Hashable, Sendable {
  /// Four bits an extension, 0 = not negotiated.
  @usableFromInline var ids: UInt64 = 0

  @inlinable
  public init() {}

  /// The id of an extension, or `nil` when it was not negotiated. Setting an id outside 1...14
  /// removes the extension.
  @inlinable
  public subscript(_ ext: HeaderExtension) -> UInt8? {
    get {
      let id = UInt8(truncatingIfNeeded: ids >> (UInt64(ext.rawValue) &* 4)) & 15
      return id == 0 ? nil : id
    }
    set {
      let shift = UInt64(ext.rawValue) &* 4
      let id = newValue.flatMap { (1...14).contains($0) ? $0 : nil } ?? 0
      ids = ids & ~(15 << shift) | UInt64(id) << shift
    }
  }

  /// The meaning of an id.
  @inlinable
  public func meaning(of id: UInt8) -> HeaderExtension? {
    guard id != 0 else { return nil }
    var rest = ids
    var raw: UInt8 = 0
    while rest != 0 {
      if UInt8(truncatingIfNeeded: rest) & 15 == id { return HeaderExtension(rawValue: raw) }
      rest >>= 4
      raw &+= 1
    }
    return nil
  }
}

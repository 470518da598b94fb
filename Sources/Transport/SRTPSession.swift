/// SRTP and SRTCP of one peer, both ways, in place (RFC 3711, RFC 7714). Confined to one thread.
public final class SRTPSession {
  /// Sources that a peer may send with; a browser has a handful, and a session keeps each for good.
  static let inboundLimit = 128
  static let outboundLimit = 1024

  public enum Outcome: Equatable, Sendable {
    /// Plaintext of this length is at the start of the buffer.
    case packet(length: Int)
    case refused(TransportRefusal)
  }

  private var transform: SRTPTransform

  /// `nil` when the engine has no memory.
  public init?(_ keys: SRTPKeyingMaterial, engine: SRTPEngine = .default) {
    guard let transform = SRTPTransform(keys, engine: engine) else { return nil }
    self.transform = transform
  }

  public var profile: SRTPProfile { transform.profile }

  public func unprotectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    transform.unprotectRTP(buffer, length: length)
  }

  public func unprotectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Outcome {
    transform.unprotectRTCP(buffer, length: length)
  }

  /// - Returns: the new length, or `nil`: no room, malformed, too many sources, or (AEAD) an index
  ///   that was already sent.
  public func protectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    transform.protectRTP(buffer, length: length)
  }

  public func protectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    transform.protectRTCP(buffer, length: length)
  }
}

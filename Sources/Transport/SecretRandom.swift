internal import COpenSSL

/// The only source of credentials and keys: OpenSSL's generator, seeded by the kernel.
///
/// A type of its own, so that a `SeededRandom`, which exists to be repeated, never makes a secret.
public struct SecretRandom: RandomNumberGenerator, Sendable {
  public init() {}

  public mutating func next() -> UInt64 {
    var value: UInt64 = 0
    withUnsafeMutableBytes(of: &value) { fill($0) }
    return value
  }

  /// Fills a buffer with secret octets. Ends the process when the generator fails: there is no
  /// safe way on without it, and no datagram can cause it.
  public mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return }
    let done = RAND_bytes(start.assumingMemoryBound(to: UInt8.self), Int32(buffer.count))
    precondition(done == 1, "the random generator of OpenSSL failed")
  }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { fill($0) }
    return bytes
  }
}

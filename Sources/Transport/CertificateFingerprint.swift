/// The hash of a certificate that the signaling carries (`a=fingerprint`, RFC 8122 section 5).
public struct CertificateFingerprint: Hashable, Sendable {
  /// Hash functions that we take. SHA-1 and older are refused: a second certificate with the same
  /// hash would let a man in the middle in.
  public enum Algorithm: String, Hashable, Sendable, CaseIterable {
    case sha256 = "sha-256"
    case sha384 = "sha-384"
    case sha512 = "sha-512"

    /// Octets of the hash.
    public var length: Int {
      switch self {
      case .sha256: 32
      case .sha384: 48
      case .sha512: 64
      }
    }
  }

  public let algorithm: Algorithm
  public let bytes: [UInt8]

  /// `nil` when the number of octets is not that of the algorithm.
  public init?(algorithm: Algorithm, bytes: [UInt8]) {
    guard bytes.count == algorithm.length else { return nil }
    self.algorithm = algorithm
    self.bytes = bytes
  }

  /// The value of an `a=fingerprint` attribute, `sha-256 AA:BB:...`; hexadecimal digits and the
  /// name of the hash in either case. `nil` when it is malformed or the hash is not one of ours.
  public init?(sdp: some StringProtocol) {
    let parts = sdp.split(separator: " ", omittingEmptySubsequences: true)
    guard parts.count == 2, let algorithm = Algorithm(rawValue: parts[0].lowercased()) else {
      return nil
    }
    let digits = Array(parts[1].utf8)
    guard digits.count == algorithm.length * 3 - 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(algorithm.length)
    for i in stride(from: 0, to: digits.count, by: 3) {
      guard let high = Self.value(digits[i]), let low = Self.value(digits[i + 1]) else {
        return nil
      }
      guard i + 2 >= digits.count || digits[i + 2] == UInt8(ascii: ":") else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(algorithm: algorithm, bytes: bytes)
  }

  /// The value of an `a=fingerprint` attribute, digits in upper case as RFC 8122 wants them.
  public var sdp: String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text = Array(algorithm.rawValue.utf8)
    for (i, byte) in bytes.enumerated() {
      text.append(i == 0 ? UInt8(ascii: " ") : UInt8(ascii: ":"))
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

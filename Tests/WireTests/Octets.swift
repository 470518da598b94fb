@testable import Wire

/// Octets written in hexadecimal; spaces, newlines and anything after `#` on a line are left out.
func octets(_ text: String) -> [UInt8] {
  let digits = text.split(separator: "\n").flatMap { line in
    line.prefix { $0 != "#" }.compactMap(\.hexDigitValue)
  }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}

/// A copy of `prefix` octets in memory of exactly that size, so that a sanitizer sees reads beyond.
func withExact<R>(
  _ bytes: [UInt8], prefix: Int? = nil, _ body: (UnsafeRawBufferPointer) throws -> R
) rethrows -> R {
  let count = prefix ?? bytes.count
  let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { copy.deallocate() }
  copy.copyBytes(from: bytes.prefix(count))
  return try body(UnsafeRawBufferPointer(copy))
}

/// What `body` writes into a buffer of `capacity` octets, `nil` when it says that it does not fit.
func written(
  capacity: Int = 2048, _ body: (UnsafeMutableRawBufferPointer) -> Int?
) -> [UInt8]? {
  // Not zero, so that an octet that is left out shows.
  var bytes = [UInt8](repeating: 0xA5, count: capacity)
  let length = bytes.withUnsafeMutableBytes { body($0) }
  return length.map { Array(bytes.prefix($0)) }
}

extension SeededRandom {
  mutating func octets(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}

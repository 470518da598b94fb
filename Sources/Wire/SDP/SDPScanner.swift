/// A cursor over the value of one line. Works on octets: the grammar of SDP is ASCII, and octets
/// of other characters can only be content.
struct SDPScanner {
  private var rest: Substring.UTF8View

  init(_ text: Substring) { rest = text.utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  /// Everything that is left.
  var remainder: Substring { Substring(rest) }

  /// Whether the next octet is this one; it is consumed.
  mutating func take(_ octet: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: octet) else { return false }
    rest.removeFirst()
    return true
  }

  /// What stands before the next `separator` (which is consumed) or before the end; `nil` when
  /// that is nothing.
  mutating func field(until separator: Unicode.Scalar = " ") -> Substring? {
    let octet = UInt8(ascii: separator)
    let end = rest.firstIndex(of: octet) ?? rest.endIndex
    guard end > rest.startIndex else { return nil }
    let field = Substring(rest[..<end])
    rest = rest[end...].dropFirst()
    return field
  }

  /// A number in decimal digits alone: no sign, no more than `maximum`.
  mutating func number<T: FixedWidthInteger>(upTo maximum: T = .max) -> T? {
    var value: T = 0
    var digits = 0
    while let octet = rest.first, octet >= UInt8(ascii: "0"), octet <= UInt8(ascii: "9") {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(T(octet - UInt8(ascii: "0")))
      guard !overflow, !carry, sum <= maximum else { return nil }
      value = sum
      digits += 1
      rest.removeFirst()
    }
    return digits > 0 ? value : nil
  }

  /// A number that ends the value or is followed by a space, which is consumed.
  mutating func numberField<T: FixedWidthInteger>(upTo maximum: T = .max) -> T? {
    guard let value = number(upTo: maximum) else { return nil }
    return isAtEnd || take(" ") ? value : nil
  }

  mutating func skipSpaces() {
    while take(" ") {}
  }
}

extension StringProtocol {
  /// `token` of RFC 8866 section 9.
  var isSDPToken: Bool {
    !isEmpty
      && utf8.allSatisfy { octet in
        switch octet {
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x5E...0x7E: true
        default: false
        }
      }
  }

  /// The whole text as a number in decimal digits alone.
  func sdpNumber<T: FixedWidthInteger>(upTo maximum: T = .max) -> T? {
    var scanner = SDPScanner(Substring(self))
    guard let value: T = scanner.number(upTo: maximum), scanner.isAtEnd else { return nil }
    return value
  }
}

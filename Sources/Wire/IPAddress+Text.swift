extension IPAddress {
  /// Parses an IPv4 address in four decimal numbers without leading zeros, or an IPv6 address as
  /// RFC 4291 section 2.2 writes it, its last 32 bits possibly as IPv4. No brackets, no zone.
  public init?(text: some StringProtocol) {
    let octets = Array(text.utf8.prefix(46))
    guard octets.count <= 45 else { return nil }
    if octets.contains(UInt8(ascii: ":")) {
      self.init(v6: octets[...])
    } else {
      guard let v4 = Self.dotted(octets[...]) else { return nil }
      self.init(v4: v4)
    }
  }

  private init?(v6 octets: ArraySlice<UInt8>) {
    var octets = octets
    var tail: UInt32?
    if octets.contains(UInt8(ascii: ".")) {
      guard let colon = octets.lastIndex(of: UInt8(ascii: ":")),
        let v4 = Self.dotted(octets[(colon + 1)...])
      else { return nil }
      tail = v4
      // Two groups stand for the four numbers while the colons are counted.
      octets = octets[...colon] + Array("0:0".utf8)
    }
    let parts = octets.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    var gap: Int?
    for (i, part) in parts.enumerated() {
      if part.isEmpty {
        // Empty parts are the gap: one inside, two at an end ("::1", "1::"), three alone ("::").
        if i == 0 {
          guard parts.count > 2, parts[1].isEmpty else { return nil }
        } else if i == parts.count - 1 {
          guard parts[i - 1].isEmpty else { return nil }
        } else {
          guard gap == nil else { return nil }
          gap = groups.count
        }
      } else {
        guard let group = Self.group(part), groups.count < 8 else { return nil }
        groups.append(group)
      }
    }
    if let gap {
      guard groups.count < 8 else { return nil }
      groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
    }
    guard groups.count == 8 else { return nil }
    self.init(
      high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
      low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
    if let tail { low = low & ~0xFFFF_FFFF | UInt64(tail) }
  }

  /// 1...4 hexadecimal digits.
  private static func group(_ digits: ArraySlice<UInt8>) -> UInt16? {
    guard (1...4).contains(digits.count) else { return nil }
    var value: UInt16 = 0
    for digit in digits {
      let nibble: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): nibble = digit - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = value << 4 | UInt16(nibble)
    }
    return value
  }

  private static func dotted(_ octets: ArraySlice<UInt8>) -> UInt32? {
    let parts = octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var address: UInt32 = 0
    for part in parts {
      // A leading zero would be octal to some readers.
      guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0")
      else { return nil }
      var number: UInt32 = 0
      for digit in part {
        guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
        number = number * 10 + UInt32(digit - UInt8(ascii: "0"))
      }
      guard number <= 255 else { return nil }
      address = address << 8 | number
    }
    return address
  }
}

extension IPAddress: CustomStringConvertible {
  /// The canonical text of RFC 5952: lower case, no leading zeros, the longest run of zero groups
  /// as "::". IPv4 in four numbers.
  public var description: String {
    if isIPv4 {
      return "\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)"
    }
    let groups = (0..<8).map { i -> UInt16 in
      UInt16(truncatingIfNeeded: (i < 4 ? high : low) >> UInt64((3 - i % 4) * 16))
    }
    var longest = 0..<0
    var start = 0
    for i in 0...8 where i == 8 || groups[i] != 0 {
      if i - start > longest.count { longest = start..<i }
      start = i + 1
    }
    let text = { (range: Range<Int>) in
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    // RFC 5952 section 4.2.2: a single zero group is written.
    guard longest.count > 1 else { return text(0..<8) }
    return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
  }
}

extension TransportAddress: CustomStringConvertible {
  /// `192.0.2.1:5000`, `[2001:db8::1]:5000`
  public var description: String { ip.isIPv4 ? "\(ip):\(port)" : "[\(ip)]:\(port)" }
}

/// Elements of EBML (RFC 8794).
enum EBML {
  static func element(_ id: UInt32, _ content: [UInt8]) -> [UInt8] {
    identifier(id) + size(content.count) + content
  }

  /// One whose end is where something of its own level or above begins.
  static func unsized(_ id: UInt32) -> [UInt8] {
    identifier(id) + [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
  }

  static func unsigned(_ id: UInt32, _ value: UInt64) -> [UInt8] {
    var octets: [UInt8] = []
    var rest = value
    repeat {
      octets.insert(UInt8(rest & 0xFF), at: 0)
      rest >>= 8
    } while rest > 0
    return element(id, octets)
  }

  /// In eight octets, whatever the value: something whose length must not depend on it.
  static func fixed(_ id: UInt32, _ value: UInt64) -> [UInt8] {
    element(id, (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) })
  }

  static func float(_ id: UInt32, _ value: Double) -> [UInt8] {
    let bits = value.bitPattern
    return element(id, (0..<8).map { UInt8(bits >> (56 - 8 * UInt64($0)) & 0xFF) })
  }

  static func text(_ id: UInt32, _ text: String) -> [UInt8] { element(id, Array(text.utf8)) }

  /// The octets of an id carry their own length.
  private static func identifier(_ id: UInt32) -> [UInt8] {
    let octets = (0..<4).map { UInt8(id >> (24 - 8 * UInt32($0)) & 0xFF) }
    return Array(octets.drop { $0 == 0 })
  }

  /// In the fewest octets; all ones is reserved.
  private static func size(_ count: Int) -> [UInt8] {
    var length = 1
    while length < 8, count >= 1 << (7 * length) - 1 { length += 1 }
    return (0..<length).map { place in
      let octet = UInt8(truncatingIfNeeded: count >> (8 * (length - 1 - place)))
      return place == 0 ? octet | UInt8(0x80 >> (length - 1)) : octet
    }
  }
}

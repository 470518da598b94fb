/// A JSON value that has one form only: the JSON Canonicalization Scheme (RFC 8785). Numbers are integers
/// that a double holds exactly, which is all that an audit entry needs and spares the scheme's hard part.
public enum CanonicalJSON: Hashable, Sendable {
  case string(String)
  /// Written only if it is within ±(2^53 - 1) (RFC 7493 section 2.2).
  case integer(Int64)
  case boolean(Bool)
  case array([CanonicalJSON])
  case object([String: CanonicalJSON])

  static let largestInteger: Int64 = 9_007_199_254_740_991

  /// UTF-8, without white space, members in the order of their names' UTF-16 units.
  public var bytes: [UInt8] {
    var out: [UInt8] = []
    write(into: &out)
    return out
  }

  private func write(into out: inout [UInt8]) {
    switch self {
    case .string(let text): Self.write(text, into: &out)
    case .integer(let number):
      let bounded = min(max(number, -Self.largestInteger), Self.largestInteger)
      out.append(contentsOf: String(bounded).utf8)
    case .boolean(let flag): out.append(contentsOf: (flag ? "true" : "false").utf8)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        element.write(into: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      let names = members.keys.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
      for (index, name) in names.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Self.write(name, into: &out)
        out.append(UInt8(ascii: ":"))
        members[name]?.write(into: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// RFC 8785 section 3.2.2.2.
  private static func write(_ text: String, into out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case 0x08: out.append(contentsOf: "\\b".utf8)
      case 0x09: out.append(contentsOf: "\\t".utf8)
      case 0x0A: out.append(contentsOf: "\\n".utf8)
      case 0x0C: out.append(contentsOf: "\\f".utf8)
      case 0x0D: out.append(contentsOf: "\\r".utf8)
      case UInt8(ascii: "\""): out.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): out.append(contentsOf: "\\\\".utf8)
      case 0..<0x20:
        out.append(contentsOf: "\\u00".utf8)
        out.append(hexadecimal(byte >> 4))
        out.append(hexadecimal(byte & 15))
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func hexadecimal(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
  }
}

extension CanonicalJSON: Decodable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let flag = try? container.decode(Bool.self) {
      self = .boolean(flag)
    } else if let number = try? container.decode(Int64.self) {
      self = .integer(number)
    } else if let elements = try? container.decode([CanonicalJSON].self) {
      self = .array(elements)
    } else {
      self = .object(try container.decode([String: CanonicalJSON].self))
    }
  }
}

/// `a=fmtp` (RFC 8866 section 6.15): `name=value` parameters of a payload type, in the order in
/// which they were written.
public struct FormatParameters: Hashable, Sendable {
  public struct Parameter: Hashable, Sendable {
    public var name: String
    /// `nil` when there was no "=", as in `a=fmtp:101 0-15`.
    public var value: String?

    public init(name: String, value: String?) {
      self.name = name
      self.value = value
    }
  }

  /// 0...127
  public var payloadType: UInt8
  public var parameters: [Parameter]

  public init(payloadType: UInt8, parameters: [Parameter]) {
    self.payloadType = payloadType
    self.parameters = parameters
  }

  public init(payloadType: UInt8, _ parameters: KeyValuePairs<String, String>) {
    self.init(
      payloadType: payloadType,
      parameters: parameters.map { Parameter(name: $0.key, value: $0.value) })
  }

  /// The value of the first parameter of this name, in either case (RFC 6838 section 4.3).
  public subscript(name: String) -> String? {
    parameters.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  init?(value: Substring) {
    var scanner = SDPScanner(value)
    guard let payloadType: UInt8 = scanner.numberField(upTo: 127) else { return nil }
    var parameters: [Parameter] = []
    while !scanner.isAtEnd {
      scanner.skipSpaces()
      guard var text = scanner.field(until: ";")?.utf8 else {
        guard scanner.take(";") || scanner.isAtEnd else { return nil }
        continue
      }
      while text.last == UInt8(ascii: " ") { text.removeLast() }
      let equals = text.firstIndex(of: UInt8(ascii: "="))
      parameters.append(
        Parameter(
          name: String(Substring(text[..<(equals ?? text.endIndex)])),
          value: equals.map { String(Substring(text[$0...].dropFirst())) }))
    }
    self.init(payloadType: payloadType, parameters: parameters)
  }

  var value: String {
    let list = parameters.map { parameter in
      parameter.value.map { "\(parameter.name)=\($0)" } ?? parameter.name
    }
    return "\(payloadType) " + list.joined(separator: ";")
  }
}

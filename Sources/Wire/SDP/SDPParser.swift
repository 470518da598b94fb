/// Walks over the lines of a description or a fragment.
struct SDPParser {
  private struct Line {
    /// Counted from 1.
    var number: Int
    var text: Substring
    var type: UInt8
    /// What follows "=".
    var value: Substring
  }

  private var lines: ArraySlice<Line>
  /// The number of the line after the last.
  private let end: Int

  init(_ text: String) throws(SDPError) {
    guard text.utf8.count <= SDPLimits.bytes else {
      throw SDPError(
        .tooLong, line: 1, found: "\(text.utf8.count) bytes",
        expected: "at most \(SDPLimits.bytes) bytes")
    }
    var lines: [Line] = []
    var number = 0
    var afterSection = false
    for octets in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      var octets = octets
      if octets.last == UInt8(ascii: "\r") { octets.removeLast() }
      let text = Substring(octets)
      // Empty lines are no SDP, but templates of hand-written clients leave them behind.
      if octets.isEmpty { continue }
      guard lines.count < SDPLimits.lines else {
        throw SDPError(
          .tooManyLines, line: number, found: text, expected: "at most \(SDPLimits.lines) lines")
      }
      guard octets.count <= SDPLimits.lineBytes else {
        throw SDPError(
          .lineTooLong, line: number, found: text,
          expected: "at most \(SDPLimits.lineBytes) bytes in a line")
      }
      guard let type = octets.first, octets.dropFirst().first == UInt8(ascii: "="),
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(type)
      else {
        if afterSection { break }
        throw SDPError(
          .notALine, line: number, found: text, expected: "a letter, \"=\" and a value")
      }
      guard !octets.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\r") }) else {
        throw SDPError(
          .notALine, line: number, found: text, expected: "a line without NUL and lone CR")
      }
      if type == UInt8(ascii: "m") { afterSection = true }
      lines.append(
        Line(number: number, text: text, type: type, value: Substring(octets.dropFirst(2))))
    }
    self.lines = lines[...]
    end = (lines.last?.number ?? 0) + 1
  }

  // MARK: - Description

  mutating func session() throws(SDPError) -> SessionDescription {
    guard lines.first?.text == "v=0" else { throw unexpected(.missingLine, "v=0") }
    lines.removeFirst()
    guard let line = next("o") else {
      throw unexpected(.missingLine, Self.originGrammar)
    }
    guard let origin = SessionOrigin(value: line.value) else {
      throw malformed(line, Self.originGrammar)
    }
    var session = SessionDescription(origin: origin)
    while let line = lines.first, line.type != UInt8(ascii: "m") {
      lines.removeFirst()
      switch Unicode.Scalar(line.type) {
      case "s": session.name = String(line.value)
      case "c": session.connection = try connection(line)
      case "b": session.bandwidths.append(String(line.value))
      case "t": session.timing = String(line.value)
      case "a": session.attributes.append(try attribute(line))
      case "i", "u", "e", "p", "r", "z", "k": break
      default:
        throw SDPError(
          .unexpectedLine, line: line.number, found: line.text,
          expected: "s=, t=, c=, b=, a= or m=")
      }
    }
    session.sections = try sections()
    return session
  }

  // MARK: - Fragment

  mutating func fragment() throws(SDPError) -> TrickleFragment {
    var fragment = TrickleFragment()
    while let line = lines.first, line.type != UInt8(ascii: "m") {
      lines.removeFirst()
      guard line.type == UInt8(ascii: "a") else {
        throw SDPError(
          .unexpectedLine, line: line.number, found: line.text, expected: "a= or m=")
      }
      fragment.attributes.append(try attribute(line))
    }
    fragment.sections = try sections()
    return fragment
  }

  // MARK: - Parts

  private mutating func sections() throws(SDPError) -> [MediaDescription] {
    var sections: [MediaDescription] = []
    while let line = lines.popFirst() {
      if line.type == UInt8(ascii: "m") {
        guard sections.count < SDPLimits.sections else {
          throw SDPError(
            .tooManySections, line: line.number, found: line.text,
            expected: "at most \(SDPLimits.sections) m= sections")
        }
        guard let section = MediaDescription(value: line.value) else {
          throw malformed(line, "m=<media> <port> <transport> <format> ...")
        }
        sections.append(section)
        continue
      }
      let last = sections.count - 1
      switch Unicode.Scalar(line.type) {
      case "c": sections[last].connection = try connection(line)
      case "b": sections[last].bandwidths.append(String(line.value))
      case "a": sections[last].attributes.append(try attribute(line))
      case "i", "k": break
      default:
        throw SDPError(
          .unexpectedLine, line: line.number, found: line.text,
          expected: "c=, b=, a= or m= in a section")
      }
    }
    return sections
  }

  private func attribute(_ line: Line) throws(SDPError) -> SDPAttribute {
    do {
      return try SDPAttribute(line: line.value)
    } catch {
      throw malformed(line, error.expected)
    }
  }

  private func connection(_ line: Line) throws(SDPError) -> SDPConnection {
    guard let connection = SDPConnection(value: line.value) else {
      throw malformed(line, "c=IN IP4 <address> or c=IN IP6 <address>")
    }
    return connection
  }

  /// The next line, when it is of this type.
  private mutating func next(_ type: Unicode.Scalar) -> Line? {
    guard let line = lines.first, line.type == UInt8(ascii: type) else { return nil }
    lines.removeFirst()
    return line
  }

  private func unexpected(_ problem: SDPError.Problem, _ expected: String) -> SDPError {
    guard let line = lines.first else {
      return SDPError(problem, line: end, found: "the end", expected: expected)
    }
    return SDPError(problem, line: line.number, found: line.text, expected: expected)
  }

  private func malformed(_ line: Line, _ expected: String) -> SDPError {
    SDPError(.malformedValue, line: line.number, found: line.text, expected: expected)
  }

  private static let originGrammar = "o=<username> <session id> <version> IN IP4 <address>"
}

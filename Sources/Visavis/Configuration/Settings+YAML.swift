extension Settings {
  /// A configuration file that says the same, each setting with its comment.
  var yaml: String {
    var lines = [
      "# Settings of visavis, all at their defaults. Give the file with --config FILE.",
      "# Any setting can come from the environment, which wins: http.port is VISAVIS_HTTP_PORT,",
      "# a list is separated by commas. See Docs/Configuration.md.",
    ]
    var open: [Substring] = []
    for setting in Setting.all {
      let parts = setting.key.split(separator: ".")
      let sections = parts.dropLast()
      let shared = zip(open, sections).prefix { $0 == $1 }.count
      if shared == 0 { lines.append("") }
      for depth in shared..<max(shared, sections.count) {
        lines.append(indent(depth) + sections[depth] + ":")
      }
      open = Array(sections)
      lines.append(indent(sections.count) + "# " + setting.comment)
      lines.append(indent(sections.count) + (parts.last ?? "") + ": " + value(setting))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

  private func value(_ setting: Setting) -> String {
    let texts = setting.texts(self)
    guard setting.isList else { return quoted(texts.joined()) }
    return "[" + texts.map(quoted).joined(separator: ", ") + "]"
  }

  /// Plain where YAML reads it back as the same text.
  private func quoted(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { byte in
      (byte > 0x20 && byte < 0x7F) && !"\"'\\:#,[]{}&*!|>%@`".utf8.contains(byte)
    }
    if plain, !text.isEmpty, !["~", "null", "-", "?"].contains(text) { return text }
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }
    return "\"" + escaped.joined() + "\""
  }
}

internal import Yams

/// The values of a YAML file by setting, with their lines. Keys that are no settings and values of
/// the wrong shape are problems.
struct SettingsFile: Sendable {
  struct Value: Hashable, Sendable {
    let texts: [String]
    let line: Int
  }

  let path: String
  private(set) var values: [String: Value] = [:]
  private(set) var problems: [SettingProblem] = []

  /// - Parameter path: for messages alone.
  init(yaml: String, path: String) {
    self.path = path
    do {
      guard let root = try Yams.compose(yaml: yaml) else { return }
      if case .scalar(let scalar) = root, Self.isNull(scalar) { return }
      read(root, prefix: "", line: root.mark?.line ?? 1)
    } catch let error as YamlError {
      problems.append(Self.problem(error, path))
    } catch {
      problems.append(SettingProblem(origin: .file(path, line: 1), text: "\(error)"))
    }
  }

  private mutating func read(_ node: Node, prefix: String, line: Int) {
    guard case .mapping(let mapping) = node else {
      let name = prefix.isEmpty ? "the file" : prefix.dropLast().description
      report(line, "\(name) must hold settings, each as `name: value`")
      return
    }
    for (keyNode, value) in mapping {
      let line = keyNode.mark?.line ?? line
      guard let name = keyNode.string else {
        report(line, "the name of a setting must be plain text")
        continue
      }
      let key = prefix + name
      if let setting = Setting.all.first(where: { $0.key == key }) {
        read(value, of: setting, line: line)
      } else if Setting.all.contains(where: { $0.key.hasPrefix(key + ".") }) {
        if case .scalar(let scalar) = value, Self.isNull(scalar) { continue }
        read(value, prefix: key + ".", line: line)
      } else {
        report(line, Self.unknown(key))
      }
    }
  }

  private mutating func read(_ node: Node, of setting: Setting, line: Int) {
    switch node {
    case .scalar(let scalar) where Self.isNull(scalar): break
    case .scalar(let scalar) where !setting.isList:
      values[setting.key] = Value(texts: [scalar.string], line: scalar.mark?.line ?? line)
    case .sequence(let sequence) where setting.isList:
      let texts = sequence.compactMap(\.scalar?.string)
      guard texts.count == sequence.count else { fallthrough }
      values[setting.key] = Value(texts: texts, line: line)
    default: report(line, "\(setting.key) is of the wrong shape; it must be \(setting.expected)")
    }
  }

  private mutating func report(_ line: Int, _ text: String) {
    problems.append(SettingProblem(origin: .file(path, line: line), text: text))
  }

  /// `key:` with nothing, `~` or `null` leaves the default.
  private static func isNull(_ scalar: Node.Scalar) -> Bool {
    scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  static func unknown(_ key: String) -> String {
    var names = Setting.all.map(\.key)
    names += Set(names.flatMap(sections)).sorted()
    let nearest = NearestName.of(key, among: names)
    return "\(key) is not a setting" + (nearest.map { "; did you mean \($0)?" } ?? "")
  }

  /// `http` and `http.tls` of `http.tls.key`.
  private static func sections(of key: String) -> [String] {
    let parts = key.split(separator: ".")
    return (1..<max(parts.count, 1)).map { parts.prefix($0).joined(separator: ".") }
  }

  private static func problem(_ error: YamlError, _ path: String) -> SettingProblem {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      SettingProblem(origin: .file(path, line: mark.line), text: "no YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      SettingProblem(
        origin: .file(path, line: context.mark.line),
        text: "given twice: \(duplicates.sorted().joined(separator: ", "))")
    default: SettingProblem(origin: .file(path, line: 1), text: "no YAML: \(error)")
    }
  }
}

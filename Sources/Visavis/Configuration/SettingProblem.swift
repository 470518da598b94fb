/// Where a value was given.
enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
  case file(String, line: Int)
  /// The name of the variable.
  case environment(String)
  case builtIn

  var description: String {
    switch self {
    case .file(let path, let line): "\(path):\(line)"
    case .environment(let name): name
    case .builtIn: "default"
    }
  }
}

/// One thing that is wrong with the configuration, for people: where, what, and what would be
/// right.
struct SettingProblem: Hashable, Sendable, CustomStringConvertible {
  let origin: SettingOrigin?
  let text: String

  var description: String { origin.map { "\($0): \(text)" } ?? text }
}

/// Everything that is wrong with the configuration, so that it can be mended in one go.
struct SettingProblems: Error, Hashable, CustomStringConvertible {
  let problems: [SettingProblem]

  var description: String { problems.map(\.description).joined(separator: "\n") }
}

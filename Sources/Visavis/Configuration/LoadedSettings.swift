internal import Configuration
internal import Foundation

/// The settings in force and where each was given: the environment over the file over defaults.
struct LoadedSettings: Sendable {
  let settings: Settings
  let origins: [String: SettingOrigin]
  /// Worth a look, no reason to refuse.
  let warnings: [SettingProblem]

  /// - Parameter file: `nil` for defaults and environment alone.
  init(file: String?, environment: [String: String]) throws(SettingProblems) {
    guard let file else {
      try self.init(contents: nil, environment: environment)
      return
    }
    guard access(file, R_OK) == 0, let yaml = try? String(contentsOfFile: file, encoding: .utf8)
    else {
      let reason =
        access(file, R_OK) == 0 ? "it is no text in UTF-8" : String(cString: strerror(errno))
      throw SettingProblems(problems: [
        SettingProblem(origin: nil, text: "\(file) cannot be read: \(reason)")
      ])
    }
    try self.init(contents: SettingsFile(yaml: yaml, path: file), environment: environment)
  }

  init(contents file: SettingsFile?, environment: [String: String]) throws(SettingProblems) {
    var problems = file?.problems ?? []
    var settings = Settings()
    var origins: [String: SettingOrigin] = [:]
    let variables = EnvironmentVariablesProvider(environmentVariables: environment)
    let reader = ConfigReader(providers: [variables, Self.provider(file)]).scoped(to: "visavis")
    for setting in Setting.all {
      let origin = Self.origin(of: setting, file, environment)
      origins[setting.key] = origin
      guard origin != .builtIn, let texts = Self.texts(of: setting, reader) else { continue }
      if !setting.apply(texts, &settings) {
        let given = setting.isSecret ? "" : " is \"\(texts.joined(separator: ","))\"; it"
        problems.append(
          SettingProblem(
            origin: origin, text: "\(setting.key)\(given) must be \(setting.expected)"))
      }
    }
    problems += SettingsCheck(settings: settings, origins: origins).problems
    guard problems.isEmpty else { throw SettingProblems(problems: problems) }
    self.settings = settings
    self.origins = origins
    warnings = Self.unknownVariables(environment)
  }

  private static func provider(_ file: SettingsFile?) -> InMemoryProvider {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for setting in Setting.all {
      guard let value = file?.values[setting.key] else { continue }
      let key = AbsoluteConfigKey(["visavis"] + setting.key.split(separator: ".").map(String.init))
      values[key] = ConfigValue(
        setting.isList ? .stringArray(value.texts) : .string(value.texts.joined()),
        isSecret: setting.isSecret)
    }
    return InMemoryProvider(name: file?.path, values: values)
  }

  private static func texts(of setting: Setting, _ reader: ConfigReader) -> [String]? {
    let key = ConfigKey(stringLiteral: setting.key)
    guard setting.isList else {
      return reader.string(forKey: key, isSecret: setting.isSecret).map { [$0] }
    }
    // An empty variable is an empty list.
    return reader.stringArray(forKey: key, isSecret: setting.isSecret)?.filter { !$0.isEmpty }
  }

  private static func origin(
    of setting: Setting, _ file: SettingsFile?, _ environment: [String: String]
  ) -> SettingOrigin {
    if environment[setting.environmentName] != nil { return .environment(setting.environmentName) }
    if let file, let value = file.values[setting.key] { return .file(file.path, line: value.line) }
    return .builtIn
  }

  /// The environment belongs to others too, so an unknown variable is not refused.
  private static func unknownVariables(_ environment: [String: String]) -> [SettingProblem] {
    let known = Setting.all.map(\.environmentName)
    return environment.keys.sorted().filter { $0.hasPrefix("VISAVIS_") && !known.contains($0) }
      .map { name in
        let nearest = NearestName.of(name, among: known).map { "; did you mean \($0)?" }
        return SettingProblem(
          origin: .environment(name), text: "is not a setting, ignored" + (nearest ?? ""))
      }
  }
}

/// How one setting is named, explained, read from text and written as YAML.
struct Setting: Sendable {
  /// With dots: `http.tls.key`.
  let key: String
  /// One line for the configuration file.
  let comment: String
  /// Completes "it must be ...".
  let expected: String
  let isList: Bool
  let isSecret: Bool
  /// False when the text is not as expected; a setting that is no list gets one text.
  let apply: @Sendable ([String], inout Settings) -> Bool
  let texts: @Sendable (Settings) -> [String]

  /// `VISAVIS_HTTP_TLS_KEY`: capitals, `_` for each dot and before each inner capital.
  var environmentName: String {
    var name = "VISAVIS_"
    var previous: Character = "."
    for character in key {
      if character.isUppercase, previous.isLowercase { name.append("_") }
      name.append(character == "." ? "_" : Character(character.uppercased()))
      previous = character
    }
    return name
  }

  static func number(
    _ key: String, _ path: any WritableKeyPath<Settings, Int> & Sendable, _ range: ClosedRange<Int>,
    _ comment: String
  ) -> Setting {
    Setting(
      key: key, comment: comment,
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", isList: false,
      isSecret: false,
      apply: { texts, settings in
        guard let number = texts.first.flatMap({ Int($0) }), range.contains(number) else {
          return false
        }
        settings[keyPath: path] = number
        return true
      },
      texts: { [String($0[keyPath: path])] })
  }

  static func flag(
    _ key: String, _ path: any WritableKeyPath<Settings, Bool> & Sendable, _ comment: String
  ) -> Setting {
    Setting(
      key: key, comment: comment, expected: "true or false", isList: false, isSecret: false,
      apply: { texts, settings in
        guard let flag = texts.first.flatMap({ Bool($0) }) else { return false }
        settings[keyPath: path] = flag
        return true
      },
      texts: { [String($0[keyPath: path])] })
  }

  static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ path: any WritableKeyPath<Settings, Choice> & Sendable, _ comment: String
  ) -> Setting where Choice.RawValue == String {
    Setting(
      key: key, comment: comment,
      expected: "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "),
      isList: false, isSecret: false,
      apply: { texts, settings in
        guard let choice = texts.first.flatMap({ Choice(rawValue: $0) }) else { return false }
        settings[keyPath: path] = choice
        return true
      },
      texts: { [$0[keyPath: path].rawValue] })
  }

  static func text(
    _ key: String, _ path: any WritableKeyPath<Settings, String> & Sendable, _ expected: String,
    _ comment: String, where isValid: @escaping @Sendable (String) -> Bool
  ) -> Setting {
    Setting(
      key: key, comment: comment, expected: expected, isList: false, isSecret: false,
      apply: { texts, settings in
        guard let text = texts.first, isValid(text) else { return false }
        settings[keyPath: path] = text
        return true
      },
      texts: { [$0[keyPath: path]] })
  }

  /// Empty text is `nil`.
  static func optionalText(
    _ key: String, _ path: any WritableKeyPath<Settings, String?> & Sendable, _ expected: String,
    _ comment: String, isSecret: Bool = false,
    where isValid: @escaping @Sendable (String) -> Bool = { _ in true }
  ) -> Setting {
    Setting(
      key: key, comment: comment, expected: expected, isList: false, isSecret: isSecret,
      apply: { texts, settings in
        guard let text = texts.first, text.isEmpty || isValid(text) else { return false }
        settings[keyPath: path] = text.isEmpty ? nil : text
        return true
      },
      texts: { [$0[keyPath: path] ?? ""] })
  }

  static func list(
    _ key: String, _ path: any WritableKeyPath<Settings, [String]> & Sendable, _ expected: String,
    _ comment: String, where isValid: @escaping @Sendable (String) -> Bool
  ) -> Setting {
    Setting(
      key: key, comment: comment, expected: expected, isList: true, isSecret: false,
      apply: { texts, settings in
        guard texts.allSatisfy(isValid) else { return false }
        settings[keyPath: path] = texts
        return true
      },
      texts: { $0[keyPath: path] })
  }
}

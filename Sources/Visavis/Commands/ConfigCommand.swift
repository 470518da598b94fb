internal import ArgumentParser

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check or show settings.",
    subcommands: [Check.self, Defaults.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Say whether the server would accept the configuration, and what differs.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    func run() throws {
      let loaded = try configurationOptions.load()
      StandardStreams.say("the configuration is good")
      let defaults = Settings()
      for setting in Setting.all {
        let texts = setting.texts(loaded.settings)
        guard texts != setting.texts(defaults), let origin = loaded.origins[setting.key] else {
          continue
        }
        let value = setting.isSecret ? "(secret)" : texts.joined(separator: ", ")
        StandardStreams.say("  \(setting.key): \(value)  (\(origin))")
      }
    }
  }

  struct Defaults: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "defaults",
      abstract: "Print a configuration file with every setting at its default.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    func run() {
      StandardStreams.say(String(Settings().yaml.dropLast()))
    }
  }
}

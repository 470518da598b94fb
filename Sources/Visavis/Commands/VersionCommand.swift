internal import ArgumentParser

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version.")

  @OptionGroup var configurationOptions: ConfigurationOptions

  func run() {
    StandardStreams.say("visavis \(Version.current)")
  }
}

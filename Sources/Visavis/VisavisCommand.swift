internal import ArgumentParser
internal import Foundation

@main
struct VisavisCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "visavis",
    abstract: "A media server for direct teleconsultations.",
    discussion: """
      Exit codes: 0 done, 64 wrong usage, 1 any other failure; standard error says what is wrong.
      """,
    version: Version.current,
    subcommands: [
      ServeCommand.self, ConfigCommand.self, ConsultationCommand.self, TokenCommand.self,
      AuditCommand.self, RecordsCommand.self, IndicatorsCommand.self,
      WebhooksCommand.self,
      VersionCommand.self,
    ])
}

/// `--config`, which every command takes.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp("The configuration file; without it, defaults.", valueName: "file"))
  var file: String?

  func load() throws(SettingProblems) -> LoadedSettings {
    let loaded = try LoadedSettings(
      file: file, environment: ProcessInfo.processInfo.environment)
    for warning in loaded.warnings { StandardStreams.complain("warning: \(warning)") }
    return loaded
  }
}

/// A failure that is told in a sentence; the exit code is 1.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Whole lines at once, unbuffered: what is printed is seen, also through a pipe.
enum StandardStreams {
  static func say(_ line: String) { write(line, to: .standardOutput) }

  static func complain(_ line: String) { write(line, to: .standardError) }

  /// Whoever was reading may be gone; that is no reason to end.
  private static func write(_ line: String, to handle: FileHandle) {
    try? handle.write(contentsOf: Data((line + "\n").utf8))
  }
}

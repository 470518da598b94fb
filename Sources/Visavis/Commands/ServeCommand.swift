internal import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Run the server until SIGINT or SIGTERM.",
    discussion: """
      SIGHUP reads the TLS certificate and its key again. A second SIGINT or SIGTERM ends at once.
      """)

  @OptionGroup var configurationOptions: ConfigurationOptions

  @Flag(help: "Make a demonstration consultation and print its links.")
  var demo = false

  func run() async throws {
    let settings = try configurationOptions.load().settings
    try await ServerProcess(settings: settings, isDemonstration: demo).run()
  }
}

internal import ArgumentParser
internal import Foundation

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
    let loaded = try configurationOptions.load()
    _ = loaded
  }
}

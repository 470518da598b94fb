internal import ArgumentParser
internal import Foundation
internal import Glibc

/// Simulated participants over real sockets.
@main
struct VisavisBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "visavis-bench",
    abstract: "Learns what a media server carries, with simulated participants over real sockets.",
    version: BenchVersion.current,
    subcommands: [
      LoadCommand.self, SweepCommand.self, StormCommand.self, SoakCommand.self, NetworkCommand.self,
      CompareCommand.self,
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      // Of its own statuses 1 says that a goal was missed.
      let isNetwork = CommandLine.arguments.dropFirst().first == "network"
      guard isNetwork, exitCode(for: error) == .validationFailure else { exit(withError: error) }
      FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
      Glibc.exit(2)
    }
  }
}

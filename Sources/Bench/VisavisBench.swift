internal import ArgumentParser

/// Simulated participants over real sockets.
@main
struct VisavisBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "visavis-bench",
    abstract: "Learns what a media server carries, with simulated participants over real sockets.",
    version: BenchVersion.current,
    subcommands: [
      LoadCommand.self, SweepCommand.self, StormCommand.self, SoakCommand.self, CompareCommand.self,
    ])
}

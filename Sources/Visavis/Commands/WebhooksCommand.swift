internal import ArgumentParser
internal import Foundation

struct WebhooksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "webhooks", abstract: "Ask the running server about webhooks.",
    subcommands: [State.self, Replay.self])

  struct State: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "state", abstract: "Print how many events wait, and the newest sequence number.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    private struct Answer: Decodable {
      var last: Int
      var pending: Int
      var oldestPending: String?
      var givenUp: Int
    }

    func run() async throws {
      let server = try await RunningServer(try configurationOptions.load().settings)
      let state = try await server.ask("GET", "/v1/webhooks", as: Answer.self)
      StandardStreams.say(
        """
        newest      \(state.last)
        waiting     \(state.pending)\(state.oldestPending.map { ", the oldest from \($0)" } ?? "")
        given up    \(state.givenUp)
        """)
    }
  }

  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replay", abstract: "Send events again, those that were taken too.",
      discussion: "They keep their ids and sequence numbers. Events are kept for 30 days.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    @Option(help: ArgumentHelp("The sequence number of the first event.", valueName: "number"))
    var from: Int

    @Option(
      help: ArgumentHelp(
        "The sequence number of the last one (default: the newest).", valueName: "number"))
    var to: Int?

    private struct Wish: Encodable {
      var from: Int
      var to: Int?
    }

    private struct Answer: Decodable { var events: Int }

    func run() async throws {
      let server = try await RunningServer(try configurationOptions.load().settings)
      let body = try JSONEncoder().encode(Wish(from: from, to: to))
      let answer = try await server.ask("POST", "/v1/webhooks/replay", body, as: Answer.self)
      StandardStreams.say("\(answer.events) events are sent again")
    }
  }
}

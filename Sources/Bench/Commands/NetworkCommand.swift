internal import ArgumentParser
internal import Foundation
internal import Simulation
internal import Wire

/// A call behind a bad network.
struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Puts a call behind bad networks and judges what becomes of it.",
    discussion: """
      Everything that one of the two (or three) in the call sends and receives passes a link inside the bench that \
      loses, delays, narrows and cuts by a seed. Cameras adapt to transport-wide feedback or REMB. \
      Exit status: 0 when every goal is reached, 1 when not, 2 when it was called wrongly.
      """)

  enum Ways: String, ExpressibleByArgument, CaseIterable {
    case up, down, both

    var directions: [PathDirection] {
      switch self {
      case .up: [.up]
      case .down: [.down]
      case .both: [.up, .down]
      }
    }
  }

  @OptionGroup var server: ServerOptions
  @OptionGroup var media: MediaOptions

  @Option(help: ArgumentHelp("Which scenario, or all.", valueName: "name"))
  var scenario = "all"

  @Flag(help: "Lists the scenarios and their goals.")
  var list = false

  @Option(help: "How long each lasts; each has a length of its own.")
  var seconds: Double?

  @Option(help: "Which way of the path is bad: up leads to the server.")
  var direction = Ways.both

  func validate() throws {
    if media.impair != nil {
      throw ValidationError("--impair is of other commands: a scenario says what its path does")
    }
    guard media.audio, media.video else {
      throw ValidationError("a scenario judges sound and picture: no --no-audio, no --no-video")
    }
    for scenario in try scenarios() {
      if let seconds, !(scenario.least...600).contains(seconds) {
        throw ValidationError(
          "--seconds \(seconds): \(scenario.name) takes \(Shown.number(scenario.least)) to 600")
      }
      if directions(of: scenario).isEmpty {
        throw ValidationError("--direction \(direction.rawValue): \(scenario.name) has no such way")
      }
    }
  }

  /// With `all`, those that the other options leave.
  private func scenarios() throws -> [NetworkScenario] {
    if scenario == "all" {
      return NetworkScenario.all.filter { scenario in
        !directions(of: scenario).isEmpty && seconds.map { $0 >= scenario.least } ?? true
      }
    }
    guard let named = NetworkScenario.named(scenario) else {
      throw ValidationError(
        "--scenario \(scenario): there are "
          + NetworkScenario.all.map(\.name).joined(separator: ", ") + ", and all")
    }
    return [named]
  }

  private func directions(of scenario: NetworkScenario) -> [PathDirection] {
    direction.directions.filter { scenario.directions.contains($0) }
  }

  func run() async throws {
    if list { return print(Self.listing) }
    try CPUPinning.apply(media.cpus)
    let progress = ProgressLine(isQuiet: media.quiet)
    var report = NetworkReport(
      tool: BenchVersion.current, date: LoadSession.date(), machine: .current(),
      server: server.server, signaling: server.usesWHIP ? "whip" : "websocket", seed: media.seed,
      scenarios: [])
    for scenario in try scenarios() {
      let directions = directions(of: scenario)
      let seconds = seconds ?? scenario.seconds
      let session = try LoadSession(
        server, media, cohorts: scenario.people, paths: paths(scenario, directions, seconds),
        progress: progress)
      let result = try await NetworkRun(
        session: session, scenario: scenario, directions: directions, seconds: seconds
      ).run()
      progress.note("")
      print(result.text + "\n")
      report.scenarios.append(result)
    }
    print(report.verdict)
    if let file = media.json { try report.write(to: file) }
    if !report.missed.isEmpty { throw ExitCode(1) }
  }

  /// Of everyone in the call; only the patient's is bad.
  private func paths(
    _ scenario: NetworkScenario, _ directions: [PathDirection], _ seconds: Double
  ) -> [PathSchedule] {
    NetworkScenario.Person.allCases.prefix(scenario.people).map { person in
      person == .patient
        ? scenario.schedule(seconds: seconds, directions: directions)
        : PathSchedule(before: .init(delay: .zero), steps: [])
    }
  }

  static var listing: String {
    NetworkScenario.all.map { scenario in
      "\(scenario.name): \(scenario.summary), \(Shown.number(scenario.seconds)) s\n    "
        + scenario.goals.map(\.text).joined(separator: "; ")
    }.joined(separator: "\n")
  }
}

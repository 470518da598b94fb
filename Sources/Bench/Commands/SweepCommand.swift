internal import ArgumentParser
internal import Foundation

/// How many rooms a machine carries.
struct SweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Raises the number of rooms until the service level breaks.",
    discussion: """
      The service level: no packet lost, 99 % of packets within --delay-limit, 95 % of joins within \
      --join-limit. A level that the load generator itself did not carry says nothing about the \
      server and ends the sweep.
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var media: MediaOptions

  @Option(help: "Participants of each room, who send and receive.")
  var participants = 2

  @Option(help: "Participants of each who only receive.")
  var viewers = 0

  @Option(help: "Rooms of the first level.")
  var start = 10

  @Option(help: "Rooms at most.")
  var limit = 2_000

  @Option(help: "From level to level.")
  var factor = 1.5

  @Option(help: "How close to find the knee: 0.05 is within 5 %.")
  var precision = 0.05

  @Option(help: "How long to measure each level, seconds.")
  var seconds = 10.0

  @Option(help: "Seconds between the last join and the measurement.")
  var warmup = 3.0

  @Option(help: "Milliseconds that 99 % of packets must stay below.")
  var delayLimit = 20.0

  @Option(help: "Milliseconds that 95 % of joins must stay below.")
  var joinLimit = 1_000.0

  @Option(help: ArgumentHelp("Draw the knee there as SVG.", valueName: "file"))
  var svg: String?

  func validate() throws {
    guard start >= 1, limit >= start else {
      throw ValidationError("--start \(start) --limit \(limit): from 1 up")
    }
    guard factor > 1, precision > 0, precision < 1, seconds > 0, warmup >= 0 else {
      throw ValidationError(
        "--factor is more than 1, --precision between 0 and 1, --seconds and --warmup are times")
    }
    guard (1...64).contains(participants), (0...1_000).contains(viewers) else {
      throw ValidationError("--participants 1 to 64, --viewers up to 1000")
    }
  }

  func run() async throws {
    try CPUPinning.apply(media.cpus)
    let session = try LoadSession(server, media, progress: ProgressLine(isQuiet: media.quiet))
    let service = ServiceLevel(delayP99: delayLimit, joinP95: joinLimit)
    let sweep = SweepRun(
      session: session,
      plan: LoadPlan(
        rooms: start, participants: participants, viewers: viewers, seconds: seconds,
        warmup: warmup), first: start, limit: limit, factor: factor, precision: precision,
      service: service)
    let result = try await Interruption.endsEarly { try await sweep.run() }
    let plot = KneePlot(result, service)
    print(plot.text() + "\n\n" + result.text)
    if let svg {
      try Data(plot.svg(title: result.headline).utf8).write(to: URL(fileURLWithPath: svg))
    }
    if let file = media.json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(result).write(to: URL(fileURLWithPath: file))
    }
  }
}

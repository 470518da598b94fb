internal import ArgumentParser
internal import Foundation

/// A steady load.
struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Runs a steady load and reports what it met.",
    discussion: """
      Every participant is a real WebRTC peer with a socket of its own: ICE, DTLS, SRTP both ways, \
      RTCP. Every packet that comes back is authenticated and its sequence followed.
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var media: MediaOptions

  @Option(help: "Consultations.")
  var rooms = 1

  @Option(help: "Participants of each, who send and receive.")
  var participants = 2

  @Option(help: "Participants of each who only receive.")
  var viewers = 0

  @Option(help: "How long to measure.")
  var seconds = 30.0

  @Option(help: "Seconds between the last join and the measurement.")
  var warmup = 3.0

  func validate() throws {
    guard (1...20_000).contains(rooms) else {
      throw ValidationError("--rooms \(rooms): 1 to 20000")
    }
    guard (0...64).contains(participants), (0...1_000).contains(viewers),
      participants + viewers > 0
    else {
      throw ValidationError(
        "--participants \(participants) --viewers \(viewers): up to 64 and 1000, one at least")
    }
    guard seconds > 0, warmup >= 0 else {
      throw ValidationError("--seconds and --warmup are lengths of time")
    }
  }

  func run() async throws {
    try CPUPinning.apply(media.cpus)
    let run = try LoadRun(server, media, progress: ProgressLine(isQuiet: media.quiet))
    let plan = LoadPlan(
      rooms: rooms, participants: participants, viewers: viewers, seconds: seconds, warmup: warmup)
    let report = try await Interruption.endsEarly { try await run.run(plan) }
    run.progress.note("")
    print(report.text)
    if let file = media.json { try report.json().write(to: URL(fileURLWithPath: file)) }
    await run.client.shutdown()
    if report.joins.connected < report.joins.attempted { throw ExitCode(1) }
  }
}

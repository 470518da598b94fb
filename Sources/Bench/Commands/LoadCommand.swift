internal import ArgumentParser

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

  @Option(help: "So many runs, one after the other; --json writes a list of reports then.")
  var `repeat` = 1

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
    guard (1...100).contains(`repeat`) else {
      throw ValidationError("--repeat \(`repeat`): 1 to 100")
    }
  }

  func run() async throws {
    try CPUPinning.apply(media.cpus)
    let plan = LoadPlan(
      rooms: rooms, participants: participants, viewers: viewers, seconds: seconds, warmup: warmup)
    let progress = ProgressLine(isQuiet: media.quiet)
    var reports: [LoadReport] = []
    let baseline = server.serverPID.flatMap { ProcessSample(pid: $0) }
    for number in 1...`repeat` {
      let session = try LoadSession(server, media, progress: progress)
      let report = try await Interruption.endsEarly {
        try await LoadRun(session: session, plan: plan, baseline: baseline).run()
      }
      progress.note(`repeat` > 1 ? "run \(number) of \(`repeat`)" : "")
      print(report.text)
      reports.append(report)
    }
    if reports.count > 1 {
      print("\n" + Comparison(reports: [reports], names: ["\(reports.count) runs"]).text)
    }
    if let file = media.json { try LoadReport.write(reports, to: file) }
    if reports.contains(where: { $0.joins.connected < $0.joins.attempted }) { throw ExitCode(1) }
  }
}

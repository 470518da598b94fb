internal import ArgumentParser
internal import Foundation

/// The shape of appointments.
struct StormCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "storm",
    abstract: "Lets half of a quarter hour's participants join within a minute, on top of calls.",
    discussion: """
      Appointments begin on the quarter hour, so that people come in storms. The calls in progress \
      must not feel it: exit status 1 when they do or someone did not get in, 2 when the load generator \
      itself was too slow to tell. A profile says how many: its busy hour by the Erlang B model, see Docs/Bench.md.
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var media: MediaOptions

  @Option(help: "The service whose busy hour it is.")
  var profile = CapacityProfile.all[2]

  @Option(help: "So many times its calls.")
  var scale = 1.0

  @Option(help: "Seconds before the storm, to compare with.")
  var quietSeconds = 20.0

  @Option(help: "Seconds within which everyone comes.")
  var stormSeconds = 60.0

  @Flag(help: "Only say what the profile amounts to.")
  var dryRun = false

  func validate() throws {
    guard scale > 0, quietSeconds > 0, stormSeconds > 0 else {
      throw ValidationError("--scale, --quiet-seconds and --storm-seconds are more than 0")
    }
  }

  func run() async throws {
    if dryRun {
      print(Self.model)
      return
    }
    try CPUPinning.apply(media.cpus)
    let session = try LoadSession(
      server, media, cohorts: 2, progress: ProgressLine(isQuiet: media.quiet))
    let storm = StormRun(
      session: session, profile: profile, scale: scale, quietSeconds: quietSeconds,
      stormSeconds: stormSeconds)
    let result = try await Interruption.endsEarly { try await storm.run() }
    session.progress.note("")
    print(result.text)
    if let file = media.json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(result).write(to: URL(fileURLWithPath: file))
    }
    if result.isInconclusive { throw ExitCode(2) }
    if result.callsInProgress.wasFelt || result.joins.connected < result.joins.attempted {
      throw ExitCode(1)
    }
  }

  /// All profiles as a table.
  private static var model: String {
    var table = TextTable([
      "profile", "calls in busy hour", "at once", "rooms for 99.9 %", "joins in a storm",
    ])
    for profile in CapacityProfile.all {
      table.add(
        profile.name, Shown.number(profile.callsInBusyHour), Shown.number(profile.load),
        "\(profile.lines)", "\(profile.participantsInStorm)")
    }
    return table.text
  }
}

internal import ArgumentParser
internal import Foundation

/// Coming and going for hours.
struct SoakCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract: "Joins, leaves, crashes and reconnects for a long time; fails when something leaks.")

  @OptionGroup var server: ServerOptions
  @OptionGroup var media: MediaOptions

  @Option(help: "How long.")
  var minutes = 10.0

  @Option(help: "Rooms at one time.")
  var rooms = 10

  @Option(help: "Participants of each.")
  var participants = 2

  @Option(help: "Seconds that a room lives, in the mean.")
  var roomSeconds = 20.0

  @Option(help: "Seconds that the server may take in the end to forget those who crashed.")
  var settleSeconds = 120.0

  func validate() throws {
    guard minutes > 0, (1...5_000).contains(rooms), (1...64).contains(participants),
      roomSeconds > 0, settleSeconds >= 0
    else {
      throw ValidationError(
        "--minutes and --room-seconds are times, --rooms 1 to 5000, --participants 1 to 64")
    }
  }

  func run() async throws {
    try CPUPinning.apply(media.cpus)
    let session = try LoadSession(server, media, progress: ProgressLine(isQuiet: media.quiet))
    let soak = SoakRun(
      session: session, rooms: rooms, participants: participants, minutes: minutes,
      roomSeconds: roomSeconds, settleSeconds: settleSeconds)
    let result = try await Interruption.endsEarly { try await soak.run() }
    session.progress.note("")
    print(result.text)
    if let file = media.json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(result).write(to: URL(fileURLWithPath: file))
    }
    if !result.failures.isEmpty { throw ExitCode(1) }
  }
}

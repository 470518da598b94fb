internal import ArgumentParser
internal import Consultation
internal import Foundation

struct RecordsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "records", abstract: "Ask the running server for what is kept.",
    subcommands: [FHIR.self, Export.self])

  struct FHIR: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fhir", abstract: "Print a consultation as a FHIR R4 bundle.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    @Argument(help: "The consultation's id.", transform: ConsultationID.init(argument:))
    var id: ConsultationID

    func run() async throws {
      let server = try await RunningServer(try configurationOptions.load().settings)
      StandardStreams.say(try await server.text("/v1/consultations/\(id)/fhir"))
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export", abstract: "Print who was in which consultation, a line a presence.",
      discussion: "Of consultations that were booked within the span; no names.")

    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var span: SpanOptions

    @Option(help: "csv or ndjson.")
    var format = "csv"

    func run() async throws {
      let server = try await RunningServer(try configurationOptions.load().settings)
      StandardStreams.say(try await server.text("/v1/export?format=\(format)" + span.query))
    }
  }
}

struct IndicatorsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "indicators", abstract: "Print how consultations went, as JSON (Docs/Records.md).")

  @OptionGroup var configurationOptions: ConfigurationOptions
  @OptionGroup var span: SpanOptions

  func run() async throws {
    let server = try await RunningServer(try configurationOptions.load().settings)
    StandardStreams.say(try await server.text("/v1/indicators?" + span.query))
  }
}

struct SpanOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Booked from then on: 2026-11-21T14:30:00Z, or from now: -7d (default: 30 days before --to).",
      valueName: "time"),
    transform: Moment.init(argument:))
  var from: Moment?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Booked before then (default: now).", valueName: "time"),
    transform: Moment.init(argument:))
  var to: Moment?

  var query: String {
    let now = WallClock.now
    return [("from", from), ("to", to)].map { name, moment in
      moment.map { "&\(name)=\($0.resolved(at: now))" } ?? ""
    }.joined()
  }
}

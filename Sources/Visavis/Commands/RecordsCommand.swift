internal import ArgumentParser
internal import Consultation
internal import Foundation

struct RecordsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "records",
    abstract: "Ask the running server for what is kept, or have it forgotten.",
    subcommands: [FHIR.self, Export.self, Erase.self, Purge.self])

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

extension RecordsCommand {
  struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "erase", abstract: "Make unreadable for good who took part in a consultation.",
      discussion: "Of one that has ended. What happened stays, and the audit log still verifies.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    @Argument(help: "The consultation's id.", transform: ConsultationID.init(argument:))
    var id: ConsultationID

    private struct Answer: Decodable { var erased: String }

    func run() async throws {
      let server = try await RunningServer(try configurationOptions.load().settings)
      let answer = try await server.ask(
        "POST", "/v1/consultations/\(id)/erase", as: Answer.self)
      StandardStreams.say("\(answer.erased) is erased")
    }
  }

  struct Purge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "purge", abstract: "Take away what was kept for as long as configured.",
      discussion: "See retention in the configuration. Each batch is an entry of the audit log.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    @Flag(help: "Only say what would go.")
    var dryRun = false

    private struct Answer: Decodable {
      struct Part: Decodable {
        var category: String
        var before: String
        var count: Int
        var sha256: String
      }
      var purged: [Part]
    }

    func run() async throws {
      let server = try await RunningServer(try configurationOptions.load().settings)
      let wish = try JSONEncoder().encode(["trial": dryRun])
      let answer = try await server.ask("POST", "/v1/records/purge", wish, as: Answer.self)
      for one in answer.purged {
        let verb = dryRun ? "would go" : "gone"
        StandardStreams.say(
          "\(one.category): \(one.count) \(verb), ended before \(one.before), sha256 \(one.sha256)")
      }
      if answer.purged.isEmpty { StandardStreams.say("everything is kept for ever") }
    }
  }
}

struct IndicatorsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "indicators", abstract: "Print how consultations went, as JSON (Docs/Records.md).")

  @OptionGroup var configurationOptions: ConfigurationOptions
  @OptionGroup var span: SpanOptions

  @Option(help: "What they are told apart by: kind, organisation or service.")
  var by = "kind"

  func run() async throws {
    let server = try await RunningServer(try configurationOptions.load().settings)
    StandardStreams.say(try await server.text("/v1/indicators?by=\(by)" + span.query))
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

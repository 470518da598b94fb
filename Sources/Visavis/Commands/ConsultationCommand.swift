internal import ArgumentParser
internal import Consultation
internal import Foundation
internal import Signaling

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

struct ConsultationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "consultation", abstract: "Ask the running server about consultations.",
    subcommands: [Create.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "create", abstract: "Create a consultation and print its id.")

    @OptionGroup var configurationOptions: ConfigurationOptions

    @Option(
      help: "The id, 1 to 64 of A-Z a-z 0-9 _ - . (default: a random one).",
      transform: ConsultationID.init(argument:))
    var id: ConsultationID?

    @Option(help: "The kind of act.")
    var kind = ConsultationKind.direct

    @Flag(help: "Everyone but a physician waits to be let in.")
    var waitingRoom = false

    @Option(
      help: """
        What people are asked before picture and sound pass: act, third-participant, image-capture or
        recording, in the standard words. May be repeated.
        """)
    var consent: [ConsentPurpose] = []

    @Option(
      help: "Nobody comes in before: a moment, or a time from now as +2h.",
      transform: Moment.init(argument:))
    var notBefore: Moment?

    @Option(
      help: "Nobody comes in from then on; who is inside may stay.",
      transform: Moment.init(argument:))
    var notAfter: Moment?

    @Option(help: "A code of whose it is, for indicators.")
    var organisation: String?

    @Option(help: "A code of the service, for indicators.")
    var service: String?

    func run() async throws {
      let settings = try configurationOptions.load().settings
      let server = try await RunningServer(settings)
      let now = WallClock.now
      let window = AppointmentWindow(
        notBefore: notBefore?.resolved(at: now), notAfter: notAfter?.resolved(at: now))
      guard let window else { throw ValidationError("--not-after is not after --not-before") }
      StandardStreams.say(
        try await server.createConsultation(
          id, kind, waitingRoom: waitingRoom, consents: consent, window: window,
          organisation: organisation, service: service))
    }
  }
}

/// The server that uses the same state folder, asked over its own API.
struct RunningServer {
  let url: String
  let token: String

  init(_ settings: Settings) async throws {
    let folder = try StateFolder(
      settings.state, environment: ProcessInfo.processInfo.environment)
    guard let server = StateLock.runningServer(in: folder) else {
      throw CommandFailure(
        "no server runs with the state folder \(folder.path); start it with `visavis serve` and "
          + "the same configuration")
    }
    url = server.url
    let now = WallClock.now
    token = try await APICredentials(settings: settings.api, folder: folder).authority().mint(
      AccessToken(role: .backend, consultation: nil, expires: now.advanced(bySeconds: 60)),
      issuedAt: now)
  }

  private struct Consultation: Codable {
    var id: String?
    var kind: String?
    var waitingRoom: Bool?
    var consents: [Consent]?
    var notBefore: String?
    var notAfter: String?
    var organisation: String?
    var service: String?
  }

  private struct Consent: Codable {
    var purpose: ConsentPurpose
  }

  private struct Refusal: Decodable {
    struct Body: Decodable { let message: String }
    let error: Body
  }

  /// The id of the new one.
  func createConsultation(
    _ id: ConsultationID?, _ kind: ConsultationKind, waitingRoom: Bool,
    consents: [ConsentPurpose], window: AppointmentWindow, organisation: String?, service: String?
  ) async throws -> String {
    let body = try JSONEncoder().encode(
      Consultation(
        id: id?.rawValue, kind: kind.rawValue, waitingRoom: waitingRoom,
        consents: consents.map { Consent(purpose: $0) },
        notBefore: window.notBefore?.description, notAfter: window.notAfter?.description,
        organisation: organisation, service: service))
    let made = try await ask("POST", "/v1/consultations", body, as: Consultation.self)
    guard let id = made.id else { throw CommandFailure("the server names no consultation") }
    return id
  }

  /// What the server answers to a request of the role backend.
  func ask<Answer: Decodable>(
    _ method: String, _ path: String, _ body: Data? = nil, as type: Answer.Type
  ) async throws -> Answer {
    try await ask(method, path, body) { try? JSONDecoder().decode(Answer.self, from: $0) }
  }

  /// The text of something to read, without the end of its last line.
  func text(_ path: String) async throws -> String {
    let text = try await ask("GET", path, nil) { String(data: $0, encoding: .utf8) }
    return text.trimmingCharacters(in: .newlines)
  }

  private func ask<Answer>(
    _ method: String, _ path: String, _ body: Data?, _ decode: (Data) -> Answer?
  ) async throws -> Answer {
    guard let endpoint = URL(string: url + path) else {
      throw CommandFailure("the server's address \(url) is no URL")
    }
    var request = URLRequest(url: endpoint, timeoutInterval: 15)
    request.httpMethod = method
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.setValue("Bearer " + token, forHTTPHeaderField: "Authorization")
    request.httpBody = body
    let (content, response): (Data, URLResponse)
    do {
      (content, response) = try await URLSession.shared.data(for: request)
    } catch {
      throw CommandFailure("the server at \(url) does not answer: \(error.localizedDescription)")
    }
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    guard (200..<300).contains(status), let answer = decode(content) else {
      let reason = (try? JSONDecoder().decode(Refusal.self, from: content))?.error.message
      throw CommandFailure("the server refused (status \(status)): \(reason ?? "no reason given")")
    }
    return answer
  }
}

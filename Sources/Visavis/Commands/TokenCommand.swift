public import ArgumentParser
public import Consultation
internal import Foundation
internal import Signaling

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Print an access token, and nothing else.",
    discussion: """
      Made here and now with the API key pair of the configuration or of the state folder; no server \
      needs to run.
      """)

  @OptionGroup var configurationOptions: ConfigurationOptions

  @Option(help: "What the bearer is in a consultation, or to the server.")
  var role: ParticipantRole

  @Option(
    help: ArgumentHelp(
      "The consultation that the token is good for; ops, backend and loadtest may go without.",
      valueName: "id"),
    transform: ConsultationID.init(argument:))
  var consultation: ConsultationID?

  @Option(
    help: "The name that the others see, 1 to 64 characters.",
    transform: DisplayName.init(argument:))
  var name: DisplayName?

  @Option(
    help: ArgumentHelp(
      "From when it is good: 2026-11-21T14:30:00Z, or from now: +2h.", valueName: "time"),
    transform: Moment.init(argument:))
  var notBefore: Moment?

  @Option(
    help: ArgumentHelp(
      "Until when it is good: 2026-11-21T14:30:00Z, or from now: +2h (default: +24h).",
      valueName: "time"),
    transform: Moment.init(argument:))
  var expires: Moment?

  func validate() throws {
    switch role {
    case .ops, .backend, .loadtest: break
    case .patient, .physician, .assistant, .interpreter, .relative, .expert, .observer:
      guard consultation != nil else {
        throw ValidationError(
          "a token for the role \(role.rawValue) needs --consultation, the consultation's id")
      }
    }
    if let consultation, role == .loadtest, !consultation.isLoadTest {
      throw ValidationError(
        "--consultation \(consultation) is not for load tests; the id must start with bench-")
    }
  }

  func run() async throws {
    let now = WallClock.now
    let token = AccessToken(
      role: role, consultation: consultation, name: name,
      identifier: UUID().uuidString.lowercased(),
      notBefore: notBefore?.resolved(at: now),
      expires: (expires ?? .fromNow(seconds: 86_400)).resolved(at: now))
    guard now < token.expires else {
      throw ValidationError("--expires \(token.expires) is past")
    }
    if let start = token.notBefore, token.expires <= start {
      throw ValidationError("--expires \(token.expires) is not after --not-before \(start)")
    }
    let settings = try configurationOptions.load().settings
    if role == .loadtest, !settings.loadtest.enabled {
      throw CommandFailure(
        "loadtest.enabled is off, so the server would refuse the token; turn it on where no "
          + "patients are")
    }
    let folder = try StateFolder(
      settings.state, environment: ProcessInfo.processInfo.environment)
    let authority = try await APICredentials(settings: settings.api, folder: folder).authority()
    StandardStreams.say(try await authority.mint(token, issuedAt: now))
  }
}

extension APICredentials {
  func authority() async throws -> AccessTokenAuthority {
    try await AccessTokenAuthority(apiKey: key, apiSecret: secret)
  }
}

extension WallClock {
  static var now: WallClock {
    WallClock(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
  }
}

extension ParticipantRole: ExpressibleByArgument {}

extension ConsultationKind: ExpressibleByArgument {}

extension ConsentPurpose: ExpressibleByArgument {}

extension ConsultationID {
  init(argument: String) throws {
    guard let id = ConsultationID(rawValue: argument) else {
      throw ValidationError("it must be 1 to 64 of the characters A-Z a-z 0-9 _ - .")
    }
    self = id
  }
}

extension DisplayName {
  init(argument: String) throws {
    guard let name = DisplayName(rawValue: argument) else {
      throw ValidationError("it must be 1 to 64 visible characters on one line")
    }
    self = name
  }
}

internal import AsyncHTTPClient
internal import Foundation
public import Logging
internal import NIOCore
internal import NIOHTTP1

/// Tells a witness the newest checkpoint whenever there is one: `POST` or syslog of the line that
/// `checkpoints.jsonl` has, until it is taken. A checkpoint covers all before it, so that one that was not taken needs no
/// repetition once there is a newer one.
public actor WitnessSender {
  static let patience: Int64 = 10
  /// Seconds between attempts that fail: the first, and at most.
  static let firstWait = 2
  static let longestWait = 60

  private let url: String
  /// `nil`: it is told by `POST`.
  private let syslog: SyslogSender?
  private let log: AuditLog
  private let logger: Logger
  private var taken: String?
  private var failures = 0

  public init(url: String, log: AuditLog, logger: Logger) {
    self.url = url
    syslog = SyslogSender(url: url)
    self.log = log
    self.logger = logger
  }

  /// Until the task is cancelled.
  public func run() async {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(Self.patience)
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    while !Task.isCancelled {
      await tell(by: client)
      let wait = failures == 0 ? 1 : min(Self.firstWait << min(failures - 1, 8), Self.longestWait)
      try? await Task.sleep(for: .seconds(wait))
    }
    // What was signed last, at the stop of the server.
    await tell(by: client)
    try? await client.shutdown()
  }

  private func tell(by client: HTTPClient) async {
    guard let note = await log.newestCheckpoint, note != taken else { return }
    let line = AuditExamination.line(note)
    var problem: String?
    do {
      // Its own task, too: the last one is sent although ours is cancelled.
      if let syslog {
        try await Task {
          try await syslog.send(String(decoding: line.dropLast(), as: UTF8.self))
        }.value
      } else if let refusal = try await post(line, by: client) {
        problem = refusal
      }
    } catch {
      problem =
        (error as? HTTPClientError)?.shortDescription
        ?? (error as? SyslogSender.Problem)?.description ?? "\(type(of: error))"
    }
    if let problem {
      if failures == 0 {
        logger.warning(
          "the witness does not take checkpoints: they are sent again",
          metadata: ["reason": "\(problem)"])
      }
      failures += 1
    } else {
      if failures > 0 { logger.notice("the witness takes checkpoints again") }
      failures = 0
      taken = note
    }
  }

  /// - Returns: what was refused.
  private func post(_ line: [UInt8], by client: HTTPClient) async throws -> String? {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers = ["content-type": "application/json", "user-agent": "visavis"]
    request.body = .bytes(line)
    let sent = request
    let status = try await Task {
      let response = try await client.execute(sent, timeout: .seconds(Self.patience))
      _ = try? await response.body.collect(upTo: 65_536)
      return response.status.code
    }.value
    return (200..<300).contains(status) ? nil : "status \(status)"
  }
}

internal import AsyncHTTPClient
internal import Foundation
public import Logging
internal import NIOCore
internal import NIOHTTP1

/// Tells a witness the newest checkpoint whenever there is one: `POST` of the line that `checkpoints.jsonl`
/// has, until it is taken. A checkpoint covers all before it, so that one that was not taken needs no
/// repetition once there is a newer one.
public actor WitnessSender {
  static let patience: Int64 = 10
  /// Seconds between attempts that fail: the first, and at most.
  static let firstWait = 2
  static let longestWait = 60

  private let url: String
  private let log: AuditLog
  private let logger: Logger
  private var taken: String?
  private var failures = 0

  public init(url: String, log: AuditLog, logger: Logger) {
    self.url = url
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
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers = ["content-type": "application/json", "user-agent": "visavis"]
    request.body = .bytes(AuditExamination.line(note))
    var problem: String?
    do {
      // Its own task: the last one is sent although ours is cancelled.
      let status = try await Task {
        let response = try await client.execute(request, timeout: .seconds(Self.patience))
        _ = try? await response.body.collect(upTo: 65_536)
        return response.status.code
      }.value
      if !(200..<300).contains(status) { problem = "status \(status)" }
    } catch {
      problem = (error as? HTTPClientError)?.shortDescription ?? "\(type(of: error))"
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
}

internal import AsyncHTTPClient
public import Consultation
internal import Foundation
public import Logging
internal import NIOCore
internal import NIOHTTP1

/// Sends what is in the outbox to the one URL that is configured (Standard Webhooks): the events of a
/// consultation in order, several consultations at once, each event until it is taken or a day has
/// passed.
public actor WebhookDispatcher {
  public struct Target: Sendable {
    var url: String
    var secret: WebhookSecret
    /// Seconds until a failed attempt is repeated; twice as long each time.
    var retry: Int

    public init(url: String, secret: WebhookSecret, retry: Int) {
      self.url = url
      self.secret = secret
      self.retry = retry
    }
  }

  static let atOnce = 8
  /// Seconds for one attempt.
  static let patience: Int64 = 15
  static let longestWait: Int64 = 1800
  static let giveUpAfter: Int64 = 86_400

  private let target: Target
  private let database: RecordDatabase
  private let logger: Logger
  private let now: @Sendable () -> WallClock
  private var busy: Set<Int64> = []
  private var isFailing = false

  public init(
    _ target: Target, of database: RecordDatabase, logger: Logger,
    now: @escaping @Sendable () -> WallClock
  ) {
    self.target = target
    self.database = database
    self.logger = logger
    self.now = now
  }

  /// Until the task is cancelled; what is under way then is sent again at the next start.
  public func run() async {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(Self.patience)
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    await withDiscardingTaskGroup { group in
      var nextForgetting = now()
      while !Task.isCancelled {
        do throws(RecordStoreError) {
          if now() >= nextForgetting {
            try await database.forgetWebhooks(at: now())
            nextForgetting = now().advanced(bySeconds: 3600)
          }
          let free = Self.atOnce - busy.count
          let due =
            free > 0
            ? try await database.dueWebhooks(at: now(), limit: free, busy: busy).prefix(free) : []
          for event in due {
            busy.insert(event.consultation)
            group.addTask { await self.deliver(event, by: client) }
          }
        } catch {
          logger.error("the outbox of webhooks cannot be read", metadata: ["error": "\(error)"])
        }
        await database.bell.wait(upTo: .seconds(1))
      }
    }
    try? await client.shutdown()
  }

  /// Waits until nothing is due any more, at most so long.
  public func settle(within limit: Duration) async {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      let due = try? await database.dueWebhooks(at: now(), limit: 1, busy: [])
      if busy.isEmpty, due?.isEmpty != false { return }
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  private enum Outcome {
    case delivered
    /// - Parameter after: what the receiver has asked for, seconds.
    case failed(String, after: Int64?)
  }

  private func deliver(_ event: WebhookEvent, by client: HTTPClient) async {
    let outcome = await attempt(event, by: client)
    do throws(RecordStoreError) {
      switch outcome {
      case .delivered:
        try await database.webhookDelivered(event.number, at: now())
        if isFailing { logger.notice("the webhook takes events again") }
        isFailing = false
      case .failed(let why, let after):
        // The server stops: that says nothing of the receiver.
        if !Task.isCancelled { try await failed(event, why, after) }
      }
    } catch {
      // It is sent again: the receiver knows it by its id.
      logger.error("the outbox of webhooks cannot be written", metadata: ["error": "\(error)"])
    }
    busy.remove(event.consultation)
    database.bell.ring()
  }

  private func failed(
    _ event: WebhookEvent, _ why: String, _ after: Int64?
  ) async throws(RecordStoreError) {
    let now = now()
    let since = event.failingSince ?? now.milliseconds
    let isOver = now.milliseconds - since >= Self.giveUpAfter * 1000
    let wait = Self.wait(target.retry, attempts: event.attempts, asked: after)
    if isOver {
      logger.error(
        "an event is given up after a day: the webhook did not take it",
        metadata: ["sequence": "\(event.number)", "reason": "\(why)"])
    } else if !isFailing {
      isFailing = true
      logger.warning(
        "the webhook does not take events: they wait and are sent again",
        metadata: ["sequence": "\(event.number)", "reason": "\(why)"])
    }
    try await database.webhookFailed(
      event.number, next: isOver ? nil : now.advanced(bySeconds: wait), at: now)
  }

  /// Seconds.
  static func wait(_ first: Int, attempts: Int, asked: Int64?) -> Int64 {
    let doubled = Int64(first) << min(attempts, 16)
    return max(min(doubled, longestWait), min(asked ?? 0, 2 * longestWait))
  }

  private func attempt(_ event: WebhookEvent, by client: HTTPClient) async -> Outcome {
    let body = Array(event.content.utf8)
    let timestamp = now().milliseconds / 1000
    var request = HTTPClientRequest(url: target.url)
    request.method = .POST
    request.headers = [
      "content-type": "application/json", "user-agent": "visavis", "webhook-id": event.id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": target.secret.signature(
        id: event.id, timestamp: timestamp, body: body),
    ]
    request.body = .bytes(body)
    do {
      let response = try await client.execute(request, timeout: .seconds(Self.patience))
      // Read, so that the connection can be used again; what it says is not needed.
      _ = try? await response.body.collect(upTo: 65_536)
      if (200..<300).contains(response.status.code) { return .delivered }
      return .failed(
        "status \(response.status.code)",
        after: response.headers.first(name: "retry-after").flatMap { Int64($0) })
    } catch let error as HTTPClientError {
      return .failed(error.shortDescription, after: nil)
    } catch {
      return .failed("\(type(of: error))", after: nil)
    }
  }
}

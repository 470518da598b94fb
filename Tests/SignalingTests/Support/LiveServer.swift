import Consultation
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

@testable import Signaling

/// The whole service on a free port of loopback, with a store in memory, one worker that does
/// nothing, and a clock moved by hand.
struct LiveServer {
  let clock: TestClock
  let store: TestStore
  let worker: TestWorker
  let port: Int
  let service: SignalingService
  private let group: ServiceGroup
  private let authority: AccessTokenAuthority

  @discardableResult
  static func run<Result>(
    _ change: (inout SignalingConfiguration) -> Void = { _ in },
    _ body: (LiveServer) async throws -> Result
  ) async throws -> Result {
    var configuration = SignalingConfiguration(
      port: 0, apiKey: TestWorld.key, apiSecret: TestWorld.secret)
    change(&configuration)
    let clock = TestClock()
    let store = TestStore()
    let worker = TestWorker(index: 0, capacity: 1024)
    let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let service = try await SignalingService(
      configuration: configuration, store: store, workers: [worker.media],
      fingerprint: try #require(NegotiationFixtures.fingerprint), clock: clock.signaling,
      logger: quiet)
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: service)], logger: quiet))
    let running = Task { try await group.run() }
    guard let port = await service.port else {
      try await running.value
      throw NotListening()
    }
    let server = LiveServer(
      clock: clock, store: store, worker: worker, port: port, service: service,
      group: group,
      authority: try await AccessTokenAuthority(
        apiKey: TestWorld.key, apiSecret: TestWorld.secret))
    let id = try #require(ConsultationID(rawValue: "one"))
    try await store.open(ConsultationRecord(id: id, kind: .direct, createdAt: clock.wall))
    let result: Result
    do {
      result = try await body(server)
    } catch {
      await server.stop()
      try await running.value
      throw error
    }
    await server.stop()
    try await running.value
    return result
  }

  struct NotListening: Error {}

  func stop() async { await group.triggerGracefulShutdown() }

  func token(_ role: ParticipantRole) async throws -> String {
    try await authority.mint(
      AccessToken(
        role: role, consultation: ConsultationID(rawValue: "one"),
        expires: clock.wall.advanced(bySeconds: 3600)), issuedAt: clock.wall)
  }

  /// Sends octets on a new connection and returns what comes until the server closes, or until
  /// the answer holds `mark` as often as `count` says.
  ///
  /// What a busy machine sends so late that the server has hung up is sent again.
  func exchange(_ text: String, until mark: String, count: Int = 1) async throws -> String {
    for _ in 0..<5 {
      do {
        return try await exchangeOnce(text, until: mark, count: count)
      } catch ChannelError.ioOnClosedChannel {}
    }
    return try await exchangeOnce(text, until: mark, count: count)
  }

  private func exchangeOnce(_ text: String, until mark: String, count: Int) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: text))
      var answer = ""
      for try await buffer in inbound {
        answer += String(buffer: buffer)
        if answer.components(separatedBy: mark).count > count { break }
      }
      return answer
    }
  }
}

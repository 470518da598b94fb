public import Consultation
internal import HTTPTypes
internal import HummingbirdCore
public import Logging
internal import MediaEngine
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import ServiceLifecycle
internal import Synchronization
public import Transport
internal import WebClient

/// Signaling as a service: HTTP and WebSocket in front, rooms behind, workers below.
///
/// `run` returns after a graceful shutdown: everyone in a consultation is told, their presence is
/// recorded as ended by the server's shutdown, connections are closed.
public final class SignalingService: Service {
  private let services: HTTPServices
  private let front: HTTPFront
  private let workers: [WorkerLink]
  private let certificates: CertificateSource?
  private let keySet: TokenKeySet?
  private let registry = LinkRegistry()
  private let listening = Mutex<Listening>(.notYet([]))

  private enum Listening {
    case notYet([CheckedContinuation<Int?, Never>])
    case on(port: Int?)
  }

  /// - Parameters:
  ///   - store: has closed what an earlier process left open.
  ///   - workers: at least one; their events are consumed here.
  ///   - fingerprint: of the certificate that the workers use for DTLS.
  ///   - files: where shared files are; `nil`: none can be shared.
  ///   - stills: who takes still images; `nil`, or where files are not shared: nobody.
  ///   - renditions: who makes smaller pictures for narrow paths; `nil`: nobody.
  ///   - mixer: who puts voices together for narrow paths; `nil`: nobody.
  ///   - loudness: who measures how loud microphones are, where quality is watched; `nil`: nobody.
  ///   - bridges: who runs bridges to RTP; `nil`: nobody.
  ///   - recorder: who makes recordings, and `recordings`, where they are; `nil`: nothing is recorded.
  public init(
    configuration: SignalingConfiguration, store: any ConsultationRecordStore,
    workers: [MediaWorker], fingerprint: CertificateFingerprint, clock: SignalingClock,
    logger: Logger, files: SharedFolder? = nil, stills: (any StillImageSource)? = nil,
    renditions: (any RenditionMaker)? = nil, mixer: (any VoiceMixer)? = nil,
    loudness: (any LoudnessMeter)? = nil, bridges: (any BridgeSource)? = nil,
    recorder: (any RecordingSource)? = nil, recordings: RecordingFolder? = nil
  ) async throws(SignalingServiceError) {
    guard !workers.isEmpty else { throw .noWorkers }
    // Calls go on without the pages, for programs that have their own.
    if case .failure(let error) = WebClient.bundled { logger.error("\(error)") }
    let authority: AccessTokenAuthority
    do throws(TokenAuthorityError) {
      authority = try await AccessTokenAuthority(
        apiKey: configuration.apiKey, apiSecret: configuration.apiSecret)
    } catch {
      throw .secretTooShort
    }
    if let issuer = configuration.tokenIssuer {
      keySet = try await TokenKeySet(path: issuer.keySet, issuer: issuer.name)
    } else {
      keySet = nil
    }
    if let files = configuration.tls {
      certificates = try CertificateSource(files)
    } else {
      certificates = nil
    }
    self.workers = workers.map(WorkerLink.init)
    var environment = RoomEnvironment(
      configuration: configuration, clock: clock, store: store, fingerprint: fingerprint,
      counters: SignalingCounters(), logger: logger,
      quality: configuration.watchesQuality
        ? QualityMonitor(thresholds: configuration.quality, clock: clock) : nil,
      admission: AdmissionControl(limit: configuration.maxPresent, load: configuration.maxLoad))
    environment.stills = stills
    environment.renditions = renditions
    environment.mixer = mixer
    environment.loudness = configuration.watchesQuality ? loudness : nil
    if let files { environment.files = try await files.open(store, at: clock.wall()) }
    environment.bridges = bridges
    environment.recorder = recorder
    environment.recordings = try await recordings?.open(in: environment)
    services = HTTPServices(
      environment: environment,
      directory: ConsultationDirectory(environment: environment, workers: self.workers),
      authority: authority.trusting(keySet), limiter: AddressLimiter(configuration.rates),
      joins: JoinLimiter(configuration.rates),
      origins: OriginPolicy(configuration), status: ServerStatus(workers: self.workers))
    front = HTTPFront(services)
  }

  /// Reads `http.tls` again. New connections get the new certificate.
  ///
  /// - Throws: when the files cannot be used; the server keeps the certificate that it has.
  public func reloadCertificates() throws(SignalingServiceError) {
    try certificates?.reload()
  }

  /// Reads `api.jwks` again. A key that is new there counts from now on, and one that is gone from there
  /// no more; who is inside stays.
  ///
  /// - Returns: how many keys count now; `nil`: there is no key set.
  /// - Throws: when the file cannot be used; the server keeps the keys that it has.
  public func reloadKeys() async throws(SignalingServiceError) -> Int? {
    try await keySet?.reload()
    return keySet?.count
  }

  /// The TCP port, once it is listened on; `nil` when listening failed.
  public var port: Int? {
    get async {
      await withCheckedContinuation { continuation in
        let known = listening.withLock { state -> Int?? in
          switch state {
          case .on(let port): return .some(port)
          case .notYet(var waiting):
            waiting.append(continuation)
            state = .notYet(waiting)
            return .none
          }
        }
        if let known { continuation.resume(returning: known) }
      }
    }
  }

  public func run() async throws {
    let server = makeServer()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in workers { group.addTask { await self.follow(worker) } }
      group.addTask { await self.keepTime() }
      do {
        try await withGracefulShutdownHandler {
          try await server.run()
        } onGracefulShutdown: {
          Task { await self.shutDown() }
        }
      } catch {
        group.cancelAll()
        announce(nil)
        throw self.listenError(error)
      }
      // Cancelled, not asked to stop: records are closed all the same.
      await shutDown()
      group.cancelAll()
    }
  }

  // MARK: Within

  private func shutDown() async {
    services.status.shutDown()
    await keepQuality()
    await traceRefusals(isLast: true)
    await services.directory.shutDown()
    await services.environment.recordings?.settle()
    registry.closeAll(.shuttingDown)
  }

  private func follow(_ worker: WorkerLink) async {
    for await events in worker.handle.events {
      for case .statistics(let statistics) in events {
        services.status.update(worker.index, statistics)
      }
      await services.directory.handle(events)
      for case .statistics(let statistics) in events { await watch(worker, statistics) }
    }
  }

  /// The quality of what is on a worker, of about the last second.
  private func watch(_ worker: WorkerLink, _ statistics: WorkerStatistics) async {
    await services.environment.quality?.sweep(
      worker.index, statistics, await services.directory.media(onWorker: worker.index),
      dropped: worker.lost,
      turns: worker.handle.load.figures)
    for check in await services.environment.quality?.checksOfTooMuch ?? [] {
      await services.directory.loaded(check.consultation)?.endChecks(of: check.participant)
    }
  }

  /// Seconds between two times that the quality of what is live is written.
  private static let keepPeriod = 10

  /// A crash costs no more than the last period. What cannot be written now is written later.
  private func keepQuality() async {
    guard let quality = services.environment.quality else { return }
    let records = await quality.records()
    do throws(RecordStoreError) {
      try await services.environment.store.keep(records, at: services.environment.clock.wall())
    } catch {
      services.environment.counters.add(.recordFailures)
      services.environment.logger.error(
        "the quality could not be written", metadata: ["error": "\(error)"])
    }
  }

  private func keepTime() async {
    var seconds = 0
    while !Task.isCancelled {
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
      await services.directory.handleTimeout(at: services.environment.clock.now())
      for worker in workers { worker.send([.collectStatistics]) }
      lookAtWorkers()
      await traceRefusals()
      await services.environment.files?.expire(at: services.environment.clock.wall())
      services.environment.recordings?.expire(at: services.environment.clock.wall())
      seconds += 1
      if seconds % Self.keepPeriod == 0 { await keepQuality() }
    }
  }

  /// Tokens that were refused, for the audit log and the operator's.
  private func traceRefusals(isLast: Bool = false) async {
    let environment = services.environment
    let refused = environment.refusals.take(at: environment.clock.now(), isLast: isLast)
    guard !refused.isEmpty else { return }
    for one in refused {
      environment.logger.notice(
        "tokens were refused", metadata: ["reason": "\(one.reason)", "count": "\(one.count)"])
    }
    do throws(RecordStoreError) {
      try await environment.store.note(refused, at: environment.clock.wall())
    } catch {
      environment.refusals.putBack(refused)
      environment.counters.add(.recordFailures)
      environment.logger.error(
        "refused tokens could not be written", metadata: ["error": "\(error)"])
    }
  }

  private func lookAtWorkers() {
    let admission = services.environment.admission
    let now = services.environment.clock.now()
    for worker in workers {
      let wasOpen = admission.isOpen(worker.index)
      admission.look(
        at: worker.index, busy: worker.handle.load.figures.busy, lost: worker.lost,
        isReady: worker.isReady, at: now)
      guard admission.isOpen(worker.index) != wasOpen else { continue }
      services.environment.logger.notice(
        wasOpen
          ? "a media worker is at its limit: nobody new comes in there"
          : "a media worker has room again",
        metadata: ["worker": "\(worker.index)"])
    }
  }

  private func announce(_ port: Int?) {
    let waiting = listening.withLock { state -> [CheckedContinuation<Int?, Never>] in
      guard case .notYet(let waiting) = state else { return [] }
      state = .on(port: port)
      return waiting
    }
    for continuation in waiting { continuation.resume(returning: port) }
  }

  private func listenError(_ error: any Error) -> any Error {
    guard error is IOError || error is SocketAddressError else { return error }
    let configuration = services.configuration
    return SignalingServiceError.listen(
      host: configuration.host, port: configuration.port, reason: "\(error)")
  }

  private func makeServer() -> Server<ConnectionChannel> {
    let configuration = services.configuration
    let services = services
    let front = front
    let registry = registry
    let isTLS = certificates != nil
    var quiet = services.environment.logger
    // The server below us logs requests' errors with what was sent: never here.
    if quiet.logLevel < .notice { quiet.logLevel = .notice }
    let channel = ConnectionChannel(
      responder: { request, writer, channel in
        let call = HTTPCall(
          request, channel, isTLS: isTLS, isBehindProxy: configuration.isBehindProxy)
        let reply = await front.respond(to: call)
        try await writer.write(reply, for: request.method)
        if reply.headers[.connection] == "close" { channel.close(mode: .output, promise: nil) }
      },
      certificates: certificates, headSeconds: configuration.headSeconds,
      maySocket: { channel, head in
        Self.maySocket(channel, head, services)
      },
      onWebSocket: { channel, head in
        let client = ClientAddress.of(
          channel.channel, forwarded: head.headers.first(name: "X-Forwarded-For"),
          isBehindProxy: configuration.isBehindProxy)
        await WebSocketSession(services, client: client).run(channel, registry)
      })
    return Server(
      childChannelSetup: channel,
      configuration: ServerConfiguration(
        address: .hostname(configuration.host, port: configuration.port), backlog: 1024,
        availableConnectionsDelegate: .maximum(configuration.maxConnections, logger: quiet)),
      onServerRunning: { [weak self] channel in
        self?.announce(channel.localAddress?.port)
      },
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
  }

  /// Whether the first request of a connection becomes a WebSocket.
  private static func maySocket(
    _ channel: any Channel, _ head: HTTPRequestHead, _ services: HTTPServices
  ) -> Bool {
    let path = head.uri.split(separator: "?", maxSplits: 1).first
    guard head.method == .GET, path == "/v1/signal" else { return false }
    guard
      services.origins.allowsWebSocket(
        origin: head.headers.first(name: "Origin"), authority: head.headers.first(name: "Host"))
    else {
      services.environment.counters.add(.originsRefused)
      return false
    }
    let client = ClientAddress.of(
      channel, forwarded: head.headers.first(name: "X-Forwarded-For"),
      isBehindProxy: services.configuration.isBehindProxy)
    let verdict = services.limiter.request(from: client, at: services.environment.clock.now())
    guard verdict == .allowed else {
      services.environment.counters.add(.rateLimited)
      return false
    }
    return true
  }
}

extension HTTPCall {
  fileprivate init(
    _ request: Request, _ channel: any Channel, isTLS: Bool, isBehindProxy: Bool
  ) {
    self.init(
      method: request.method, target: request.head.path ?? "/", headers: request.headers,
      authority: request.head.authority, isTLS: isTLS,
      client: ClientAddress.of(
        channel, forwarded: request.headers[.forwardedFor], isBehindProxy: isBehindProxy),
      content: request.body)
  }
}

extension ResponseWriter {
  fileprivate consuming func write(
    _ reply: HTTPReply, for method: HTTPRequest.Method
  ) async throws {
    var head = HTTPResponse(status: reply.status, headerFields: reply.headers)
    // RFC 9110 section 8.6.
    if reply.status != .noContent, reply.status != .notModified {
      head.headerFields[.contentLength] = String(reply.body.count)
    }
    if let stream = reply.stream, method != .head {
      head.headerFields[.contentLength] = nil
      return try await write(
        response: head,
        body: ResponseBody { writer in
          for await part in stream { try await writer.write(ByteBuffer(bytes: part)) }
          try await writer.finish(nil)
        })
    }
    if let parts = reply.parts, method != .head {
      head.headerFields[.contentLength] = nil
      return try await write(
        response: head,
        body: ResponseBody { writer in
          while let part = try await parts() { try await writer.write(ByteBuffer(bytes: part)) }
          try await writer.finish(nil)
        })
    }
    let isBodiless = method == .head || reply.body.isEmpty
    try await write(
      response: head,
      body: isBodiless ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: reply.body)))
  }
}

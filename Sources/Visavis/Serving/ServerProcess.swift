internal import Consultation
internal import Foundation
internal import Logging
internal import MediaIO
internal import Quality
internal import Records
internal import ServiceLifecycle
internal import Signaling
internal import Transport
internal import UnixSignals

/// Wires the services and runs them until a signal ends it.
struct ServerProcess {
  /// How long calls are given to be told that the server stops.
  static let shutdownLimit = Duration.seconds(10)
  /// An entry is covered by a signed checkpoint so soon at the latest.
  static let checkpointInterval = Duration.seconds(5)

  /// So long the events of the end are sent before the server goes; the rest after its next start.
  static let lastWebhooks = Duration.seconds(2)

  let settings: Settings
  let isDemonstration: Bool
  let logger: Logger

  init(settings: Settings, isDemonstration: Bool) {
    self.settings = settings
    self.isDemonstration = isDemonstration
    var logger = Logger(label: "visavis", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = Logger.Level(rawValue: settings.log.level.rawValue) ?? .info
    self.logger = logger
  }

  func run() async throws {
    // Writing to a connection or a pipe that is gone is an error to be handled, not a signal.
    signal(SIGPIPE, SIG_IGN)
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    if !ProcessLimits.forbidCoreDumps() { logger.warning("core dumps could not be turned off") }
    let files = ProcessLimits.raiseOpenFiles()
    logger.debug("limits are set", metadata: ["openFiles": "\(files)"])

    let folder = try StateFolder(
      settings.state, environment: ProcessInfo.processInfo.environment)
    let lock = try StateLock(folder)
    let credentials = try APICredentials(settings: settings.api, folder: folder)
    let audit = try AuditLog(AuditFolder(path: folder.audit))
    let store = try RecordDatabase(
      path: folder.database, tellsWebhooks: settings.webhooks.url != nil,
      key: settings.retention.key.map(RecordKey.init(secret:)), log: audit)
    try await audit.append([AuditEvent(.logOpened)], at: .now)
    let lost = try await store.passNumbersOfTheLog(at: .now)
    if lost > 0 {
      logger.warning(
        "the records are older than the audit log, as after a backup was put back: what happened since is in the log alone",
        metadata: ["changes": "\(lost)"])
    }
    let told = try await store.tellWhatIsLeft()
    if told > 0 {
      logger.notice(
        "told the audit log what a crash kept from it", metadata: ["entries": "\(told)"])
    }
    let closed = try await store.closeWhatWasOpen(reason: .serverCrash, at: .now)
    if closed > 0 {
      logger.notice(
        "closed what an earlier process left open", metadata: ["presences": "\(closed)"])
    }

    let webhooks = dispatcher(store)
    let sending = Task { await webhooks?.run() }
    let witness = settings.witness.url.map { WitnessSender(url: $0, log: audit, logger: logger) }
    let witnessing = Task { await witness?.run() }
    let media = try MediaPlane(settings.media, engine: settings.srtp.engine)
    let hooks = HookPlane(settings.hooks)
    let service = try await SignalingService(
      configuration: signaling(credentials), store: store, workers: media.workers,
      fingerprint: media.fingerprint, clock: SignalingClock(now: SystemClock.now, wall: { .now }),
      logger: logger, files: sharedFolder(folder), stills: hooks, renditions: hooks,
      mixer: settings.hooks.mix > 0 ? hooks : nil,
      loudness: settings.hooks.loudness ? hooks : nil,
      bridges: BridgePlane(settings.bridges, hooks), recorder: hooks,
      recordings: recordingFolder(folder))
    let whole = ServiceGroupConfiguration.ServiceConfiguration(
      service: service, successTerminationBehavior: .gracefullyShutdownGroup)
    var group = ServiceGroupConfiguration(services: [whole], logger: quietLogger)
    group.maximumGracefulShutdownDuration = Self.shutdownLimit
    try await run(ServiceGroup(configuration: group), service, audit, signals) { port in
      try lock.announce(url: address.local(port: port))
      try await announce(port, store, credentials)
    }

    media.stop()
    hooks.stop()
    // Whatever a room did not manage to write in time.
    try await store.closeWhatWasOpen(reason: .serverShutdown, at: .now)
    await webhooks?.settle(within: Self.lastWebhooks)
    sending.cancel()
    await sending.value
    try await audit.append([AuditEvent(.logClosed)], at: .now)
    try await audit.checkpoint()
    witnessing.cancel()
    await witnessing.value
    try store.close()
    logger.info("stopped")
  }

  /// `nil`: files are not shared.
  private func sharedFolder(_ folder: StateFolder) -> SharedFolder? {
    guard settings.files.size > 0 else { return nil }
    var limits = FileLimits()
    limits.size = settings.files.size << 20
    limits.total = settings.files.total << 20
    limits.types = Set(settings.files.types.compactMap(FileType.init(rawValue:)))
    limits.handover = settings.files.handover
    return SharedFolder(path: folder.files, limits: limits)
  }

  /// `nil`: nothing is recorded.
  private func recordingFolder(_ folder: StateFolder) -> RecordingFolder? {
    guard settings.recordings.total > 0 else { return nil }
    var limits = RecordingLimits()
    limits.total = settings.recordings.total << 20
    limits.seconds = settings.recordings.minutes * 60
    limits.kept = settings.recordings.kept
    return RecordingFolder(path: folder.recordings, limits: limits)
  }

  /// `nil`: there is no webhook.
  private func dispatcher(_ database: RecordDatabase) -> WebhookDispatcher? {
    guard let url = settings.webhooks.url,
      let secret = settings.webhooks.secret.flatMap(WebhookSecret.init)
    else { return nil }
    return WebhookDispatcher(
      .init(url: url, secret: secret, retry: settings.webhooks.retry), of: database,
      logger: logger, now: { .now })
  }

  /// Runs the group, calls `ready` with the TCP port, and follows signals until the group ends.
  private func run(
    _ group: ServiceGroup, _ service: SignalingService, _ audit: AuditLog,
    _ signals: UnixSignalsSequence, ready: (Int) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      tasks.addTask { [logger] in await Self.follow(signals, group, service, logger) }
      tasks.addTask { [logger] in await Self.sign(audit, logger) }
      if let port = await service.port { try await ready(port) }
      // The signals never end by themselves: what ends first is the group.
      try await tasks.next()
      tasks.cancelAll()
    }
  }

  /// What happened is signed soon, also while a consultation goes on.
  private static func sign(_ audit: AuditLog, _ logger: Logger) async {
    while (try? await Task.sleep(for: checkpointInterval)) != nil {
      do throws(AuditError) { try await audit.checkpoint() } catch {
        logger.error("the audit log cannot be signed: \(error)")
      }
    }
  }

  private static func follow(
    _ signals: UnixSignalsSequence, _ group: ServiceGroup, _ service: SignalingService,
    _ logger: Logger
  ) async {
    var isStopping = false
    for await signal in signals {
      if signal == .sighup {
        do throws(SignalingServiceError) {
          try service.reloadCertificates()
          logger.notice("the certificates are read again")
        } catch {
          logger.error("the certificate stays as it was: \(error)")
        }
        do throws(SignalingServiceError) {
          if let count = try await service.reloadKeys() {
            logger.notice("the keys of tokens are read again", metadata: ["keys": "\(count)"])
          }
        } catch {
          logger.error("the keys of tokens stay as they were: \(error)")
        }
      } else if isStopping {
        // The records survive this as they survive a crash.
        exit(1)
      } else {
        isStopping = true
        logger.info("stopping: calls are told, records are closed")
        await group.triggerGracefulShutdown()
      }
    }
  }

  /// What the library says of itself is of no use to the operator.
  private var quietLogger: Logger {
    var quiet = logger
    quiet.logLevel = max(quiet.logLevel, .warning)
    return quiet
  }

  private func announce(
    _ port: Int, _ store: RecordDatabase, _ credentials: APICredentials
  ) async throws {
    let url = address.forClients(port: port)
    if isDemonstration {
      let demonstration = try await Demonstration(
        store: store, authority: credentials.authority(), url: url, at: .now)
      StandardStreams.say(try await demonstration.announcement(at: .now))
    }
    StandardStreams.say("visavis is ready at \(url)")
  }

  private var address: ServerAddress { ServerAddress(settings.http) }

  private func signaling(_ credentials: APICredentials) -> SignalingConfiguration {
    let http = settings.http
    var configuration = SignalingConfiguration(
      host: http.host, port: http.port, apiKey: credentials.key, apiSecret: credentials.secret)
    configuration.publicURL = http.publicURL
    if let path = settings.api.jwks, let name = settings.api.issuer {
      configuration.tokenIssuer = .init(name: name, keySet: path)
    }
    configuration.rates.joinsPerAddress = settings.admission.joinsPerAddress
    configuration.rates.joinsPerToken = settings.admission.joinsPerToken
    if let certificate = http.tls.certificate, let key = http.tls.key {
      configuration.tls = .init(certificate: certificate, key: key)
    }
    configuration.isBehindProxy = http.allowPlaintext
    configuration.allowedOrigins = http.allowedOrigins
    configuration.loadTestEnabled = settings.loadtest.enabled
    configuration.metricsPublic = settings.metrics.public
    configuration.resumeSeconds = settings.signaling.resumeSeconds
    configuration.maxParticipants = settings.signaling.maxParticipants
    configuration.maxPresent =
      settings.admission.participants > 0 ? settings.admission.participants : nil
    configuration.act = ActRule(seconds: settings.act.seconds)
    configuration.retention = Retention(
      quality: settings.retention.quality, personal: settings.retention.personal,
      records: settings.retention.records)
    configuration.maxLoad = Double(settings.admission.load) / 100
    if let secret = settings.turn.secret {
      configuration.turn = TURNAccess(
        urls: settings.turn.urls, secret: secret, lifetime: settings.turn.lifetime)
    }
    configuration.watchesQuality = settings.quality.watch
    configuration.quality.loss = Double(settings.quality.loss) / 100
    configuration.quality.jitter = Double(settings.quality.jitter)
    configuration.quality.roundTrip = Double(settings.quality.roundTrip)
    configuration.quality.queue = Double(settings.quality.queue)
    configuration.quality.frameRate = Double(settings.quality.frameRate)
    configuration.quality.silence = settings.quality.silence
    configuration.quality.outage = settings.quality.outage
    configuration.version = Version.current
    return configuration
  }
}

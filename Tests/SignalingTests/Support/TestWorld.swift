import Consultation
import Logging
import MediaEngine
import Testing
import Transport
import Wire

@testable import Signaling

/// A server without sockets: real rooms, a store in memory, workers of which only the mailbox is
/// there, clocks moved by hand.
struct TestWorld {
  static let key = "test-key"
  static let secret = "a secret of at least thirty-two octets"

  let clock = TestClock()
  let store = TestStore()
  let workers: [TestWorker]
  private(set) var environment: RoomEnvironment
  private(set) var directory: ConsultationDirectory
  private(set) var services: HTTPServices

  init(
    workerCount: Int = 1, mailboxCapacity: Int = 1024,
    _ change: (inout SignalingConfiguration) -> Void = { _ in }
  ) async throws {
    var configuration = SignalingConfiguration(apiKey: Self.key, apiSecret: Self.secret)
    change(&configuration)
    let clock = clock
    let workers = (0..<workerCount).map { TestWorker(index: $0, capacity: mailboxCapacity) }
    self.workers = workers
    environment = RoomEnvironment(
      configuration: configuration, clock: clock.signaling, store: store,
      fingerprint: try #require(NegotiationFixtures.fingerprint), counters: SignalingCounters(),
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      quality: QualityMonitor(thresholds: configuration.quality, clock: clock.signaling),
      admission: AdmissionControl(limit: configuration.maxPresent, load: configuration.maxLoad))
    let links = workers.map { WorkerLink($0.media) }
    directory = ConsultationDirectory(environment: environment, workers: links)
    services = HTTPServices(
      environment: environment, directory: directory,
      authority: try await AccessTokenAuthority(apiKey: Self.key, apiSecret: Self.secret),
      limiter: AddressLimiter(configuration.rates), joins: JoinLimiter(configuration.rates),
      origins: OriginPolicy(configuration),
      status: ServerStatus(workers: links))
  }

  /// From now on files are shared.
  mutating func share(
    in folder: String, _ limits: FileLimits, stills: (any StillImageSource)? = nil
  ) throws {
    environment.stills = stills
    environment.files = try FileShelf(folder: folder, limits: limits, kept: [])
    refresh()
  }

  /// From now on smaller pictures are made.
  mutating func render(_ maker: any RenditionMaker) {
    environment.renditions = maker
    refresh()
  }

  /// From now on it is measured how loud microphones are.
  mutating func measure(by meter: any LoudnessMeter) {
    environment.loudness = meter
    refresh()
  }

  /// From now on voices are put together.
  mutating func mix(by mixer: any VoiceMixer) {
    environment.mixer = mixer
    refresh()
  }

  /// From now on there are bridges.
  mutating func bridge(by source: any BridgeSource) {
    environment.bridges = source
    refresh()
  }

  /// From now on consultations can be recorded.
  mutating func record(by recorder: any RecordingSource, _ shelf: RecordingShelf) {
    environment.recorder = recorder
    environment.recordings = shelf
    refresh()
  }

  private mutating func refresh() {
    let links = workers.map { WorkerLink($0.media) }
    directory = ConsultationDirectory(environment: environment, workers: links)
    services = HTTPServices(
      environment: environment, directory: directory, authority: services.authority,
      limiter: services.limiter, joins: services.joins, origins: services.origins,
      status: services.status)
  }

  /// A consultation in the record, and its room.
  func room(
    _ name: String = "consultation", waitingRoom: Bool = false, consents: [ConsentPurpose] = []
  ) async throws -> RoomSession {
    let id = try #require(ConsultationID(rawValue: name))
    try await store.open(
      ConsultationRecord(
        id: id, kind: .direct, createdAt: clock.wall, hasWaitingRoom: waitingRoom,
        consents: consents.map(ConsentText.standard)))
    let room = try await directory.checkOut(id, for: token(.patient, in: name))
    await directory.checkIn(id)
    return room
  }

  func token(
    _ role: ParticipantRole, in consultation: String? = "consultation", name: String? = nil,
    identifier: String? = nil, once: Bool = false
  ) -> AccessToken {
    AccessToken(
      role: role, consultation: consultation.flatMap { ConsultationID(rawValue: $0) },
      name: name.flatMap { DisplayName(rawValue: $0) }, identifier: identifier,
      expires: clock.wall.advanced(bySeconds: 3600), singleUse: once)
  }

  func text(_ token: AccessToken) async throws -> String {
    try await services.authority.mint(token, issuedAt: clock.wall)
  }

  /// Joins as a browser does.
  func join(
    _ room: RoomSession, _ role: ParticipantRole, name: String? = nil
  ) async throws -> TestClient {
    let client = TestClient(room)
    try await client.join(token(role, in: room.id.rawValue, name: name))
    return client
  }
}

/// A worker of which signaling sees everything and that does nothing.
final class TestWorker: Sendable {
  let mailbox: WorkerMailbox
  let handle: WorkerHandle

  init(index: Int, capacity: Int) {
    mailbox = WorkerMailbox(capacity: capacity)
    handle = WorkerHandle(index: index, port: UInt16(5000 + index), mailbox: mailbox)
  }

  var media: MediaWorker {
    MediaWorker(handle, addresses: [IPAddress(v4: 0x7F00_0001)])
  }

  /// The commands since the last call.
  func take() -> [WorkerCommand] {
    var commands: [WorkerCommand] = []
    mailbox.drain(into: &commands)
    return commands
  }
}

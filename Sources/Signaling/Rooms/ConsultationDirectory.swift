internal import Consultation
internal import Logging
internal import MediaEngine
internal import Wire

/// Finds and makes the rooms of this server, and places each on a worker. A room is loaded when
/// somebody comes and forgotten when nobody is there; the record store keeps the consultation.
actor ConsultationDirectory {
  private struct Entry {
    let room: RoomSession
    let number: UInt32
    /// Callers that hold the room now.
    var users = 0
    /// Somebody has held it since the last look.
    var wasUsed = true
  }

  private let environment: RoomEnvironment
  private let workers: [WorkerLink]
  private var entries: [ConsultationID: Entry] = [:]
  private var rooms: [UInt32: RoomSession] = [:]
  private var lastNumber: UInt32 = 0
  private var isShutDown = false

  /// - Parameter workers: at least one.
  init(environment: RoomEnvironment, workers: [WorkerLink]) {
    self.environment = environment
    self.workers = workers
  }

  // MARK: Rooms

  /// Runs `body` with the room of a consultation, which is not forgotten meanwhile.
  ///
  /// - Parameter token: decides whether the consultation is made when it is not there: a load test
  ///   makes its own.
  func withRoom<Result: Sendable>(
    _ id: ConsultationID, for token: AccessToken,
    _ body: @Sendable (RoomSession) async throws -> Result
  ) async throws -> Result {
    let room = try await checkOut(id, for: token)
    defer { checkIn(id) }
    return try await body(room)
  }

  /// The room, if somebody is there or was a moment ago.
  func loaded(_ id: ConsultationID) -> RoomSession? { entries[id]?.room }

  var roomCount: Int { entries.count }

  func checkOut(_ id: ConsultationID, for token: AccessToken) async throws(JoinRefusal)
    -> RoomSession
  {
    guard !isShutDown else {
      throw JoinRefusal(.busy, "the server is shutting down", close: .shuttingDown)
    }
    if let room = use(id) { return room }
    let record = try await record(id, for: token)
    // Someone else may have loaded it while the store was asked.
    if let room = use(id) { return room }
    guard record.state != .ended else { throw JoinRefusal(RoomError.ended) }
    guard entries.count < environment.configuration.maxRooms, !isShutDown, let worker = leastLoaded
    else {
      throw JoinRefusal(
        .full, "the server has as many consultations as it can hold: try again later", close: nil)
    }
    lastNumber &+= 1
    let room = RoomSession(record, number: lastNumber, worker: worker, environment: environment)
    entries[id] = Entry(room: room, number: lastNumber, users: 1)
    rooms[lastNumber] = room
    return room
  }

  func checkIn(_ id: ConsultationID) { entries[id]?.users -= 1 }

  private func use(_ id: ConsultationID) -> RoomSession? {
    guard let entry = entries[id] else { return nil }
    entries[id]?.users += 1
    entries[id]?.wasUsed = true
    return entry.room
  }

  /// Of those that have room; where none has, who comes is refused when it joins.
  private var leastLoaded: WorkerLink? {
    let open = workers.filter { environment.admission.isOpen($0.index) }
    return (open.isEmpty ? workers : open).min { $0.participants < $1.participants }
  }

  private func record(
    _ id: ConsultationID, for token: AccessToken
  ) async throws(JoinRefusal) -> ConsultationRecord {
    do throws(RecordStoreError) {
      if let record = try await environment.store.consultation(id) { return record }
    } catch {
      throw Self.unreadable(error, environment)
    }
    guard token.role == .loadtest, id.isLoadTest else {
      throw JoinRefusal(.notFound, "there is no consultation of this id", close: .notFound)
    }
    let record = ConsultationRecord(id: id, kind: .direct, createdAt: environment.clock.wall())
    do throws(RecordStoreError) {
      try await environment.store.open(record)
    } catch {
      // Another participant of the load test may have been first.
      guard error == .exists else { throw Self.unreadable(error, environment) }
    }
    return record
  }

  private static func unreadable(
    _ error: RecordStoreError, _ environment: RoomEnvironment
  ) -> JoinRefusal {
    environment.counters.add(.recordFailures)
    environment.logger.error(
      "the record could not be read", metadata: ["error": "\(error)"])
    return JoinRefusal(.internal, "the record cannot be read now: try again", close: nil)
  }

  // MARK: Workers and time

  /// Gives each room the events of its peers and tracks.
  func handle(_ events: [WorkerEvent]) async {
    var byRoom: [(UInt32, [WorkerEvent])] = []
    for event in events {
      guard let number = event.room else { continue }
      if let at = byRoom.firstIndex(where: { $0.0 == number }) {
        byRoom[at].1.append(event)
      } else {
        byRoom.append((number, [event]))
      }
    }
    for (number, events) in byRoom { await rooms[number]?.handle(events) }
  }

  /// To be called about once a second.
  func handleTimeout(at now: MediaInstant) async {
    for worker in workers { worker.flush() }
    for (id, entry) in entries {
      await entry.room.handleTimeout(at: now)
      guard entry.users == 0 else { continue }
      entries[id]?.wasUsed = false
      guard await entry.room.isIdle, let current = entries[id], current.users == 0,
        !current.wasUsed
      else { continue }
      entries[id] = nil
      rooms[entry.number] = nil
    }
  }

  /// Everyone is told and the records are closed; nobody comes in any more.
  func shutDown() async {
    isShutDown = true
    for entry in entries.values { await entry.room.shutDown() }
    for worker in workers { worker.flush() }
  }

  // MARK: Numbers

  /// Who sends and gets what on a worker.
  func media(onWorker index: Int) async -> [RoomMedia] {
    var list: [RoomMedia] = []
    for entry in entries.values where entry.room.workerIndex == index {
      let media = await entry.room.media
      if !media.people.isEmpty || !media.checks.isEmpty { list.append(media) }
    }
    return list
  }

  struct Occupancy: Sendable {
    var id: ConsultationID
    var state: ConsultationState
    var presences: Presences
    var participants: Int { presences.all }
  }

  /// Consultations with people, and the people, for `/metrics` and the list of operations.
  func occupancy() async -> [Occupancy] {
    var list: [Occupancy] = []
    for (id, entry) in entries {
      let presences = await entry.room.presences
      guard presences.all > 0 else { continue }
      list.append(Occupancy(id: id, state: await entry.room.state, presences: presences))
    }
    return list.sorted { $0.id.rawValue < $1.id.rawValue }
  }
}

extension WorkerEvent {
  /// The room that the event is for; `nil` for the worker itself.
  fileprivate var room: UInt32? {
    switch self {
    case .peerConnected(let peer, _), .peerDisconnected(let peer), .peerRecovered(let peer),
      .peerFailed(let peer, _):
      RoomIdentifiers.room(of: peer.rawValue)
    case .publicationStarted(let publication), .encodingsNeeded(let publication, _),
      .renditionNeeded(let publication, _):
      RoomIdentifiers.room(of: publication.rawValue)
    case .subscriptionStarted(let subscription), .subscriptionAdapted(let subscription, _, _),
      .soundLimited(let subscription, _):
      RoomIdentifiers.room(of: subscription.rawValue)
    case .statistics: nil
    }
  }
}

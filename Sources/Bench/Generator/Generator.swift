internal import CDatagram
internal import Glibc
internal import Synchronization
internal import Transport
internal import Wire

/// The media of many simulated participants, on one thread of its own: sockets, ICE, DTLS, SRTP,
/// encoders, receivers.
///
/// Every packet leaves when it is due: only what the thread is late with leaves together. What arrives
/// is stamped by the kernel, so that it does not matter when the thread reads it: it looks at the
/// sockets every millisecond, less often under load (`LoadGauge`), and is not woken by them. Only
/// endpoints that are still connecting wake it.
final class Generator: @unchecked Sendable {
  enum Command: Sendable {
    case add(EndpointPlan)
    /// After a renegotiation: tracks that stay are named by their mid.
    case setInbound(EndpointID, [InboundPlan])
    /// Says goodbye when `gracefully`; otherwise it just falls silent.
    case remove(EndpointID, gracefully: Bool)
    /// Every track ends; what is on the way still arrives.
    case stopSending
    /// Histograms begin anew.
    case beginInterval
    case snapshot(CheckedContinuation<GeneratorSnapshot, Never>)
    /// What the server asks for of its sound.
    case limitSound(EndpointID, bitsPerSecond: Int)
    /// The time of the paths' schedules begins.
    case beginPaths(at: MediaInstant)
    case records(CheckedContinuation<NetworkRecords, Never>)
    case stop
  }

  let settings: GeneratorSettings
  let impairs: Bool
  let context: DTLSContext
  let events: AsyncStream<EndpointEvent>
  let emit: AsyncStream<EndpointEvent>.Continuation

  let mailbox = Mutex<[Command]>([])
  let wake: Int32
  private let thread = Mutex<pthread_t?>(nil)

  // From here on: the media thread's.
  let poller: Int32
  let joiningPoller: Int32
  static let wakeNumber = UInt32.max
  var random: SeededRandom
  var queue = EventQueue<Due>()
  var slots: [Endpoint?] = []
  var generations: [Int] = []
  /// Where the endpoints of the slots lie in memory.
  var places: [UnsafeRawPointer?] = []
  var freeSlots: [Int] = []
  var slotOf: [EndpointID: Int] = [:]
  /// Last packet counter of each track by its tag, for the audits.
  var lastIndex: [UInt32: UInt32] = [:]
  /// Endpoints on their way: whoever waits for an answer is served at once.
  var joining = 0
  var gauge = LoadGauge()
  let batch = SendBatch()
  let arena = PacketArena(slotCount: 64)
  var out: OutboundBatch
  let inbox: OpaquePointer
  var numbers = [UInt32](repeating: 0, count: 256)
  var delayed = DelayLine()
  /// By cohort.
  var paths: [ParticipantPath]
  var recordings: [StreamRecording] = []
  /// The cohort that sends a track, by its tag.
  var owners: [UInt32: Int] = [:]
  var wallOffset: Int64 = 0
  var isSending = true
  var isStopped = false

  // What is measured.
  var traffic = TrafficCounts()
  var closed: [CohortSnapshot]
  /// Of the interval by cohort, up to the last second; what came since is in `recent`.
  var audioDelay: [LatencyHistogram]
  var videoDelay: [LatencyHistogram]
  var lateness = LatencyHistogram()
  let recent: RecentDelays
  var secondDelay = LatencyHistogram()
  var secondLateness = LatencyHistogram()
  var closedDrops: UInt64 = 0
  var failures: [EndpointFailure: Int] = [:]
  var connected = 0
  var seconds: [SecondPoint] = []
  var lastSecond: (traffic: TrafficCounts, thread: Int64, at: MediaInstant)
  var started: MediaInstant

  init(_ settings: GeneratorSettings) throws {
    self.settings = settings
    paths = settings.paths.enumerated().map { number, schedule in
      ParticipantPath(schedule, seed: settings.seed &+ UInt64(number) << 32)
    }
    impairs = !settings.impairment.isNothing || !settings.paths.isEmpty
    // DTLS of browsers: one certificate, here of all participants.
    context = try DTLSContext(certificate: try DTLSCertificate.generate())
    (events, emit) = AsyncStream.makeStream(of: EndpointEvent.self)
    poller = flow_poller_open()
    joiningPoller = flow_poller_open()
    wake = datagram_event_open()
    guard poller >= 0, joiningPoller >= 0, wake >= 0,
      let inbox = flow_inbox_open(UInt32(SendBatch.slotCapacity))
    else { throw GeneratorError.descriptors }
    self.inbox = inbox
    flow_poller_add(joiningPoller, wake, Self.wakeNumber, false)
    random = SeededRandom(seed: settings.seed)
    out = OutboundBatch(capacity: 32, arena: arena)
    recent = RecentDelays(cohorts: settings.cohorts)
    let none = Array(repeating: LatencyHistogram(), count: settings.cohorts)
    audioDelay = none
    videoDelay = none
    closed = Array(repeating: CohortSnapshot(), count: settings.cohorts)
    started = MonotonicClock.now()
    lastSecond = (TrafficCounts(), 0, started)
  }

  deinit {
    datagram_descriptor_close(poller)
    datagram_descriptor_close(joiningPoller)
    datagram_descriptor_close(wake)
    flow_inbox_close(inbox)
    recent.deallocate()
    out.removeAll()
    arena.deallocate()
  }

  var fingerprint: CertificateFingerprint { context.certificate.fingerprint }

  // MARK: From other threads

  func start() throws {
    var id = pthread_t()
    let this = Unmanaged.passRetained(self)
    let error = pthread_create(
      &id, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Generator>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, this.toOpaque())
    guard error == 0 else {
      this.release()
      throw GeneratorError.thread
    }
    thread.withLock { $0 = id }
  }

  func send(_ command: Command) {
    mailbox.withLock { $0.append(command) }
    datagram_event_signal(wake)
  }

  func snapshot() async -> GeneratorSnapshot {
    await withCheckedContinuation { send(.snapshot($0)) }
  }

  func records() async -> NetworkRecords {
    await withCheckedContinuation { send(.records($0)) }
  }

  /// Ends the thread and waits for it.
  func stop() {
    send(.stop)
    if let id = thread.withLock({ $0.take() }) { pthread_join(id, nil) }
    emit.finish()
  }
}

enum GeneratorError: Error, CustomStringConvertible {
  case descriptors, thread

  var description: String {
    switch self {
    case .descriptors: "the system has no file descriptors left for the load generator"
    case .thread: "the system does not give the load generator a thread"
    }
  }
}

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
/// sockets at least every millisecond, and is not woken by them. Only endpoints that are
/// still connecting wake it.
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
    case stop
  }

  enum Due {
    case frame(slot: Int, generation: Int, source: Int)
    case pacer(slot: Int, generation: Int, source: Int)
    case check(slot: Int, generation: Int)
    case handshake(slot: Int, generation: Int)
    case reports(slot: Int, generation: Int)
    case feedback(slot: Int, generation: Int)
    case nack(slot: Int, generation: Int)
    case second
    case release(Int)
  }

  /// At least so often the sockets are read, nanoseconds.
  static let turn: Int64 = 1_000_000

  let settings: GeneratorSettings
  let context: DTLSContext
  let events: AsyncStream<EndpointEvent>
  let emit: AsyncStream<EndpointEvent>.Continuation

  private let mailbox = Mutex<[Command]>([])
  private let wake: Int32
  private let thread = Mutex<pthread_t?>(nil)

  // From here on: the media thread's.
  let poller: Int32
  let joiningPoller: Int32
  static let wakeNumber = UInt32.max
  var random: SeededRandom
  var queue = EventQueue<Due>()
  var slots: [Endpoint?] = []
  var generations: [Int] = []
  var freeSlots: [Int] = []
  var slotOf: [EndpointID: Int] = [:]
  /// Last packet counter of each track by its tag, for the audits.
  var lastIndex: [UInt32: UInt32] = [:]
  let batch = SendBatch()
  let arena = PacketArena(slotCount: 64)
  var out: OutboundBatch
  let received: UnsafeMutablePointer<flow_datagram>
  let receiveBytes: UnsafeMutableRawPointer
  var numbers = [UInt32](repeating: 0, count: 256)
  var delayed = DelayLine()
  var wallOffset: Int64 = 0
  var isSending = true
  var isStopped = false

  // What is measured.
  var traffic = TrafficCounts()
  var closed: [CohortSnapshot]
  var audioDelay: [LatencyHistogram]
  var videoDelay: [LatencyHistogram]
  var lateness = LatencyHistogram()
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
    // DTLS of browsers: one certificate, here of all participants.
    context = try DTLSContext(certificate: try DTLSCertificate.generate())
    (events, emit) = AsyncStream.makeStream(of: EndpointEvent.self)
    poller = flow_poller_open()
    joiningPoller = flow_poller_open()
    wake = datagram_event_open()
    guard poller >= 0, joiningPoller >= 0, wake >= 0 else { throw GeneratorError.descriptors }
    flow_poller_add(joiningPoller, wake, Self.wakeNumber)
    random = SeededRandom(seed: settings.seed)
    out = OutboundBatch(capacity: 32, arena: arena)
    receiveBytes = .allocate(byteCount: 64 * SendBatch.slotCapacity, alignment: 64)
    received = .allocate(capacity: 64)
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
    receiveBytes.deallocate()
    received.deallocate()
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

  /// Ends the thread and waits for it.
  func stop() {
    send(.stop)
    if let id = thread.withLock({ $0.take() }) { pthread_join(id, nil) }
    emit.finish()
  }

  // MARK: The media thread

  private func run() {
    datagram_name_thread("bench-media")
    // The media goes before signaling where both share a core.
    flow_prefer_thread()
    started = MonotonicClock.now()
    lastSecond = (traffic, MonotonicClock.threadTime(), started)
    wallOffset = MonotonicClock.offsetFromWallClock()
    queue.add(.second, at: started.nanoseconds + 1_000_000_000)
    while !isStopped {
      takeCommands()
      var now = MonotonicClock.now()
      runDue(now)
      receiveReady()
      now = MonotonicClock.now()
      let turnEnd = now.nanoseconds + Self.turn
      let wait = min(queue.nextDue ?? turnEnd, turnEnd) - now.nanoseconds
      let ready = flow_poller_wait(
        joiningPoller, &numbers, UInt32(numbers.count), max(0, wait))
      for i in 0..<max(0, Int(ready)) {
        if numbers[i] == Self.wakeNumber {
          datagram_event_drain(wake)
        } else {
          receive(slot: Int(numbers[i]))
        }
      }
    }
    for slot in slots.indices where slots[slot] != nil { remove(slot: slot, gracefully: true) }
  }

  private func takeCommands() {
    let commands = mailbox.withLock { commands -> [Command] in
      guard !commands.isEmpty else { return [] }
      let taken = commands
      commands.removeAll()
      return taken
    }
    for command in commands {
      switch command {
      case .add(let plan): add(plan)
      case .setInbound(let id, let inbound): setInbound(id, inbound)
      case .remove(let id, let gracefully):
        if let slot = slotOf[id] { remove(slot: slot, gracefully: gracefully) }
      case .stopSending: isSending = false
      case .beginInterval: beginInterval()
      case .snapshot(let continuation): continuation.resume(returning: makeSnapshot())
      case .stop: isStopped = true
      }
    }
  }

  private func runDue(_ now: MediaInstant) {
    // Then the sockets again, whatever is left.
    for _ in 0..<256 {
      guard let (due, event) = queue.take(until: now.nanoseconds) else { return }
      switch event {
      case .frame(let slot, let generation, let source):
        if let endpoint = live(slot, generation) {
          frame(endpoint, slot, source, due: MediaInstant(nanoseconds: due))
        }
      case .pacer(let slot, let generation, let source):
        if let endpoint = live(slot, generation) {
          noteLateness(due)
          endpoint.sources[source].isPacing = false
          drain(endpoint, slot, source)
        }
      case .check(let slot, let generation):
        if let endpoint = live(slot, generation) { check(endpoint, slot) }
      case .handshake(let slot, let generation):
        if let endpoint = live(slot, generation) { handshakeTimeout(endpoint, slot) }
      case .reports(let slot, let generation):
        if let endpoint = live(slot, generation) { sendReports(endpoint, slot) }
      case .feedback(let slot, let generation):
        if let endpoint = live(slot, generation) { sendFeedback(endpoint, slot) }
      case .nack(let slot, let generation):
        if let endpoint = live(slot, generation) { sendNACKs(endpoint, slot) }
      case .second: second()
      case .release(let number): release(number)
      }
    }
  }

  func live(_ slot: Int, _ generation: Int) -> Endpoint? {
    generations[slot] == generation ? slots[slot] : nil
  }

  func noteLateness(_ due: Int64) {
    let late = MonotonicClock.now().nanoseconds - due
    lateness.record(late)
    secondLateness.record(late)
  }

  private func receiveReady() {
    while true {
      let count = flow_poller_wait(poller, &numbers, UInt32(numbers.count), 0)
      guard count > 0 else { return }
      // The array is used again by nobody in between.
      for i in 0..<Int(count) { receive(slot: Int(numbers[i])) }
      if count < numbers.count { return }
    }
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

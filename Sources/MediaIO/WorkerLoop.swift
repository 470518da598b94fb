internal import CDatagram
internal import Glibc
internal import MediaEngine
internal import Synchronization
internal import Transport
internal import Wire

/// What a worker's thread runs: wait, take commands and datagrams, let the `Worker` decide, send.
///
/// Made on the thread that starts the worker, so that errors are told there; then only its own
/// thread touches it, but for `stop()`.
final class WorkerLoop: @unchecked Sendable {
  /// Datagrams of a turn, in batches of 64, before commands and timers have their turn again.
  static let batchesPerTurn = 16
  static let commandsPerTurn = 256
  /// Outgoing datagrams of a turn; half of it is sent at once when it comes together.
  static let batchCapacity = 2048

  private let socket: DatagramSocket
  /// `nil`: UDP only.
  private let connections: ICETCPConnections?
  private let event: WakeEvent
  private let poller: Poller
  private let mailbox: WorkerMailbox
  private let handle: WorkerHandle
  private let configuration: WorkerConfiguration
  private let coalesce: MediaDuration
  private let dtls: DTLSContext
  private let prepare: WorkerThread.Preparation?
  private let isStopping = Atomic(false)
  /// A copy for others, refreshed once a second.
  private let published = Mutex((socket: DatagramCounters(), tcp: ICETCPCounters()))

  private var commands: [WorkerCommand] = []
  private var nextCommand = 0

  init(
    socket: DatagramSocket, connections: ICETCPConnections?, mailbox: WorkerMailbox,
    handle: WorkerHandle,
    configuration: WorkerConfiguration, coalesce: MediaDuration, dtls: DTLSContext,
    prepare: WorkerThread.Preparation?
  ) throws(MediaIOError) {
    self.socket = socket
    self.connections = connections
    event = try WakeEvent()
    poller = try Poller(socket: socket, event: event)
    if let connections { try poller.watch(connections) }
    self.mailbox = mailbox
    self.handle = handle
    self.configuration = configuration
    self.coalesce = coalesce
    self.dtls = dtls
    self.prepare = prepare
  }

  /// From any thread: the loop ends after the turn that it is in.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    event.signal()
  }

  var counters: DatagramCounters { published.withLock { $0.socket } }
  var tcpCounters: ICETCPCounters { published.withLock { $0.tcp } }

  func run() {
    datagram_name_thread("media-\(handle.index)")
    mailbox.setWake { [event] in event.signal() }
    let arena = PacketArena(slotCount: configuration.arenaSlots)
    serve(arena)
    mailbox.setWake(nil)
    publishCounters()
    // All that held slots is gone with `serve`.
    socket.releaseSlots(arena: arena)
    socket.close()
    connections?.close()
    arena.deallocate()
    handle.finish()
  }

  @inline(never)
  private func serve(_ arena: PacketArena) {
    var now = SystemClock.now()
    var secret = SecretRandom()
    let worker = Worker(
      configuration: configuration, arena: arena, dtls: dtls, seed: secret.next(),
      wallOffset: SystemClock.wallOffset())
    var out = OutboundBatch(capacity: Self.batchCapacity, arena: arena)
    prepare?(worker, now, &out)
    var hasMore = false
    var spacing = TurnSpacing(maximum: coalesce)
    var next: MediaInstant?
    var overflowed: UInt32 = 0
    var nextPublication = now + .seconds(1)
    var load = TurnLoad.Figures()
    while true {
      var pause = TurnSpacing.Pause.none
      var ready = Poller.Ready()
      var due: MediaInstant?
      if !hasMore {
        due = next
        if let instant = next {
          // What came meanwhile is found without asking the poller.
          hold(until: instant)
          pause = .spacing
        } else {
          // Asked first without waiting: who did not sleep has not paid for a wake-up.
          ready = poller.wait(.zero)
          if ready.isEmpty {
            due = nextDeadline(worker)
            ready = poller.wait(due.map { $0 - SystemClock.now() })
            pause = .sleep
          }
          if ready.contains(.event) { event.drain() }
        }
      }
      let isLast = isStopping.load(ordering: .acquiring)
      now = SystemClock.now()
      if let due { load.note(wait: now - due) }
      // In its last turn a worker takes every command that was posted before.
      repeat {
        hasMore = takeCommands(worker, now: now, into: &out)
      } while isLast && hasMore
      var taken = takeDatagrams(worker, arena: arena, now: now, into: &out)
      if socket.counters.overflowed != overflowed {
        overflowed = socket.counters.overflowed
        worker.handle(.noteOverrun, now: now, into: &out)
      }
      if let connections, ready.contains(.connections) || connections.isDue(now) {
        taken &+= takeFrames(connections, worker, arena: arena, now: now, into: &out)
      }
      spacing.turn(at: now, packets: taken, after: pause)
      next = taken > 0 ? spacing.next(after: now, isUrgent: worker.isPressed) : nil
      if taken >= Self.batchesPerTurn * DatagramSocket.batch { hasMore = true }
      worker.handleTimeout(now: now, into: &out)
      send(&out)
      handle.publish(worker.takeEvents())
      if taken > 0 { load.note(SystemClock.now() - now) }
      if now >= nextPublication {
        publishCounters()
        handle.load.publish(load)
        nextPublication = now + .seconds(1)
      }
      if isLast { return }
    }
  }

  private func hold(until instant: MediaInstant) {
    let left = (instant - SystemClock.now()).nanoseconds
    guard left > 0 else { return }
    var span = timespec(tv_sec: 0, tv_nsec: Int(min(left, 10_000_000)))
    nanosleep(&span, nil)
  }

  /// - Returns: whether commands are left for the next turn.
  private func takeCommands(
    _ worker: Worker, now: MediaInstant, into out: inout OutboundBatch
  ) -> Bool {
    if nextCommand >= commands.count {
      commands.removeAll(keepingCapacity: true)
      nextCommand = 0
      mailbox.drain(into: &commands)
    }
    let end = min(nextCommand + Self.commandsPerTurn, commands.count)
    while nextCommand < end {
      worker.handle(commands[nextCommand], now: now, into: &out)
      nextCommand += 1
      relieve(&out)
    }
    return nextCommand < commands.count
  }

  /// - Returns: how many datagrams came; when fewer than a turn may take, nothing waits any more.
  private func takeDatagrams(
    _ worker: Worker, arena: PacketArena, now: MediaInstant, into out: inout OutboundBatch
  ) -> Int {
    var taken = 0
    for _ in 0..<Self.batchesPerTurn {
      let count = socket.receive(arena: arena)
      guard count > 0 else { break }
      taken &+= count
      for place in 0..<count {
        guard let datagram = socket.look(at: place) else { continue }
        worker.announce(datagram.slot, length: datagram.length, from: datagram.path.remote)
      }
      worker.lookAhead()
      for place in 0..<count {
        guard let datagram = socket.take(place) else { continue }
        worker.receive(
          datagram.slot, length: datagram.length, path: datagram.path, now: now, into: &out)
        relieve(&out)
      }
      // A batch that was not full emptied the socket.
      if count < DatagramSocket.batch { break }
    }
    return taken
  }

  private func takeFrames(
    _ connections: ICETCPConnections, _ worker: Worker, arena: PacketArena, now: MediaInstant,
    into out: inout OutboundBatch
  ) -> Int {
    connections.receive(arena: arena, now: now, knows: worker.knows) { slot, length, path in
      worker.receive(slot, length: length, path: path, now: now, into: &out)
      relieve(&out)
    }
  }

  private func nextDeadline(_ worker: Worker) -> MediaInstant? {
    guard let sweep = connections?.nextDeadline else { return worker.nextDeadline }
    return worker.nextDeadline.map { min($0, sweep) } ?? sweep
  }

  @inline(__always)
  private func relieve(_ out: inout OutboundBatch) {
    if out.count >= Self.batchCapacity / 2 { send(&out) }
  }

  private func send(_ out: inout OutboundBatch) {
    connections?.send(out)
    socket.send(&out)
  }

  private func publishCounters() {
    published.withLock { $0 = (socket.counters, connections?.counters ?? ICETCPCounters()) }
  }
}

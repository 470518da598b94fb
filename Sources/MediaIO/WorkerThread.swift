internal import Glibc
public import MediaEngine
internal import Synchronization
public import Transport
public import Wire

/// A worker on a thread of its own with a port of its own: UDP, and TCP of the same number for peers
/// whose network blocks UDP.
public final class WorkerThread: Sendable {
  private let loop: WorkerLoop
  /// `nil` after it was joined.
  private let thread: Mutex<pthread_t?>

  private init(loop: WorkerLoop, thread: pthread_t) {
    self.loop = loop
    self.thread = Mutex(thread)
  }

  /// Without `stop()` the thread would go on for ever.
  deinit { stop() }

  public typealias Preparation = @Sendable (Worker, MediaInstant, inout OutboundBatch) -> Void

  /// Opens the port and starts the thread.
  ///
  /// - Parameters:
  ///   - index: names the thread, `media-0`.
  ///   - port: the UDP port, on all addresses of the machine; 0 for any.
  ///   - tcp: whether connections are taken on the TCP port of the same number.
  ///   - dtls: shared by all workers, so that a peer sees one certificate.
  ///   - mailboxCapacity: commands that may wait.
  ///   - coalesce: the most that a packet waits for others to share a turn with; see `TurnSpacing`.
  ///   - prepare: called once, on the thread, before its first turn. Benchmarks add peers here whose
  ///     keys are preset.
  /// - Returns: the thread, to be stopped, and the handle that signaling talks to.
  public static func start(
    index: Int, port: UInt16, tcp: Bool = false, configuration: WorkerConfiguration,
    dtls: DTLSContext, mailboxCapacity: Int = 4096, coalesce: MediaDuration = .milliseconds(2),
    prepare: Preparation? = nil
  ) throws(MediaIOError) -> (thread: WorkerThread, handle: WorkerHandle) {
    let (socket, connections) = try open(port: port, tcp: tcp)
    let mailbox = WorkerMailbox(capacity: mailboxCapacity)
    let handle = WorkerHandle(index: index, port: socket.port, mailbox: mailbox)
    let loop = try WorkerLoop(
      socket: socket, connections: connections, mailbox: mailbox, handle: handle,
      configuration: configuration,
      coalesce: coalesce, dtls: dtls, prepare: prepare)
    let thread = try spawn(loop)
    return (WorkerThread(loop: loop, thread: thread), handle)
  }

  /// What the socket counted, as of a second ago.
  public var counters: DatagramCounters { loop.counters }

  /// What its TCP connections counted, as of a second ago.
  public var tcpCounters: ICETCPCounters { loop.tcpCounters }

  private static func open(
    port: UInt16, tcp: Bool
  ) throws(MediaIOError) -> (DatagramSocket, ICETCPConnections?) {
    // Any UDP port is easily found, but its number may be in use for TCP.
    var attempts = port == 0 ? 16 : 1
    while true {
      let socket = try DatagramSocket(port: port, sendCapacity: WorkerLoop.batchCapacity)
      guard tcp else { return (socket, nil) }
      attempts -= 1
      do throws(MediaIOError) {
        let listener = try ICETCPListener(port: socket.port, isDualStack: socket.isDualStack)
        return (socket, try ICETCPConnections(listener: listener))
      } catch .tcpPortInUse(_) where attempts > 0 {
        continue
      }
    }
  }

  /// Lets the worker take the commands that were posted before, then ends it: the thread is joined,
  /// the port closed, `WorkerHandle.events` ended. Blocks for a turn. May be called again.
  public func stop() {
    thread.withLock { thread in
      guard let running = thread else { return }
      loop.stop()
      pthread_join(running, nil)
      thread = nil
    }
  }

  private static func spawn(_ loop: WorkerLoop) throws(MediaIOError) -> pthread_t {
    // Signals are for the main program: the thread inherits the mask that is set while it is made.
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
      sigdelset(&blocked, fault)
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

    var thread = pthread_t()
    let retained = Unmanaged.passRetained(loop)
    let error = pthread_create(
      &thread, nil,
      { argument in
        if let argument {
          Unmanaged<WorkerLoop>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
      }, retained.toOpaque())
    guard error == 0 else {
      retained.release()
      throw .system(operation: "starting a thread", code: error)
    }
    return thread
  }
}

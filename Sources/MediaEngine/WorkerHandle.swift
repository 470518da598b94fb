/// A worker as signaling sees it: commands go in, events come out. Values only.
public final class WorkerHandle: Sendable {
  public let index: Int
  /// The UDP port that its peers send to.
  public let port: UInt16
  /// What happened, in order, one batch a turn. Ends when the worker stops. For one consumer.
  ///
  /// Not bounded by itself: lifecycle events follow from commands and peers, which are bounded,
  /// and statistics are only sent when asked for.
  public let events: AsyncStream<[WorkerEvent]>

  /// How long its turns take.
  public let load = TurnLoad()

  private let mailbox: WorkerMailbox
  private let continuation: AsyncStream<[WorkerEvent]>.Continuation

  public init(index: Int, port: UInt16, mailbox: WorkerMailbox) {
    self.index = index
    self.port = port
    self.mailbox = mailbox
    (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
  }

  /// - Returns: `false` when the worker's mailbox is full; the command is lost.
  @discardableResult
  public func send(_ command: WorkerCommand) -> Bool { mailbox.post(command) }

  /// Called on the worker's thread, once a turn that has events.
  public func publish(_ events: [WorkerEvent]) {
    if !events.isEmpty { continuation.yield(events) }
  }

  /// Ends `events`. Called when the worker has stopped.
  public func finish() { continuation.finish() }
}

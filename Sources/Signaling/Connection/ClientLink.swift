internal import Quality
internal import Synchronization
internal import Wire

/// The way from a room to one client: a bounded queue that whoever owns the socket drains.
///
/// A client that does not read what it is sent is cut off when the queue is full: the others never
/// wait for it.
final class ClientLink: Sendable {
  enum Item: Equatable, Sendable {
    case message(ServerMessage)
    case ping
    /// The payload of the ping that it answers.
    case pong([UInt8])
  }

  /// Items that wait for a slow client.
  static let capacity = 256

  /// For one consumer. Where it ends, `closeCode` says why.
  let items: AsyncStream<Item>
  private let continuation: AsyncStream<Item>.Continuation
  private let end = Mutex<CloseCode?>(nil)
  private let heard = Mutex(SignsOfLife())

  init() {
    (items, continuation) = AsyncStream.makeStream(
      bufferingPolicy: .bufferingOldest(Self.capacity))
  }

  /// `nil` while the link is open.
  var closeCode: CloseCode? { end.withLock { $0 } }

  /// What was heard of the client.
  var signs: SignsOfLife { heard.withLock { $0 } }

  func noteAnswer(at now: MediaInstant) { heard.withLock { $0.answered = now } }
  func noteMessage(at now: MediaInstant) { heard.withLock { $0.spoke = now } }

  func send(_ message: ServerMessage) { enqueue(.message(message)) }

  func enqueue(_ item: Item) {
    let overflows = end.withLock { end in
      guard end == nil, case .dropped = continuation.yield(item) else { return false }
      end = .rateLimited
      return true
    }
    if overflows { continuation.finish() }
  }

  /// Nothing is sent after what is in the queue. Only the first call has an effect.
  func close(_ code: CloseCode) {
    let isFirst = end.withLock { end in
      guard end == nil else { return false }
      end = code
      return true
    }
    if isFirst { continuation.finish() }
  }
}

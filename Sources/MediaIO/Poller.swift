internal import CDatagram
internal import Wire

/// Waits for the socket and the wake-up of one worker (epoll).
final class Poller {
  struct Ready: OptionSet {
    var rawValue: Int32
    static let socket = Ready(rawValue: DATAGRAM_READY_SOCKET)
    static let event = Ready(rawValue: DATAGRAM_READY_EVENT)
  }

  private let descriptor: Int32

  init(socket: DatagramSocket, event: WakeEvent) throws(MediaIOError) {
    descriptor = datagram_poller_open(socket.descriptor, event.descriptor)
    guard descriptor >= 0 else { throw .system(operation: "opening epoll", code: -descriptor) }
  }

  deinit { datagram_descriptor_close(descriptor) }

  /// - Parameter limit: how long to wait; `nil` without limit.
  func wait(_ limit: MediaDuration?) -> Ready {
    let nanoseconds = limit.map { max(0, $0.nanoseconds) } ?? -1
    return Ready(rawValue: max(0, datagram_poll(descriptor, nanoseconds)))
  }
}

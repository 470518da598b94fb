internal import CDatagram
internal import Wire

/// Waits for the sockets and the wake-up of one worker (epoll).
final class Poller {
  struct Ready: OptionSet {
    var rawValue: Int32
    static let socket = Ready(rawValue: DATAGRAM_READY_SOCKET)
    static let event = Ready(rawValue: DATAGRAM_READY_EVENT)
    static let connections = Ready(rawValue: DATAGRAM_READY_STREAMS)
  }

  private let descriptor: Int32

  init(socket: DatagramSocket, event: WakeEvent) throws(MediaIOError) {
    descriptor = datagram_poller_open(socket.descriptor, event.descriptor)
    guard descriptor >= 0 else { throw .system(operation: "opening epoll", code: -descriptor) }
  }

  /// Also waits for TCP connections, new ones and what comes on them.
  func watch(_ connections: ICETCPConnections) throws(MediaIOError) {
    let error = datagram_poller_add(
      descriptor, connections.descriptor, UInt32(DATAGRAM_READY_STREAMS))
    guard error == 0 else { throw .system(operation: "watching TCP connections", code: error) }
  }

  deinit { datagram_descriptor_close(descriptor) }

  /// - Parameter limit: how long to wait; `nil` without limit.
  func wait(_ limit: MediaDuration?) -> Ready {
    let nanoseconds = limit.map { max(0, $0.nanoseconds) } ?? -1
    return Ready(rawValue: max(0, datagram_poll(descriptor, nanoseconds)))
  }
}

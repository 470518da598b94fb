internal import CDatagram

/// An eventfd that rouses a worker's thread. Closed when nobody can signal it any more: whoever
/// posts a command may be between taking the wake-up and calling it when the worker stops.
final class WakeEvent: Sendable {
  let descriptor: Int32

  init() throws(MediaIOError) {
    descriptor = datagram_event_open()
    guard descriptor >= 0 else {
      throw .system(operation: "opening an eventfd", code: -descriptor)
    }
  }

  deinit { datagram_descriptor_close(descriptor) }

  /// From any thread.
  func signal() { datagram_event_signal(descriptor) }

  func drain() { datagram_event_drain(descriptor) }
}

import Glibc
import Wire

/// A TCP client of a test: frames go out as they are told, in one piece or many.
final class StreamClient {
  let descriptor: Int32
  private var received: [UInt8] = []
  private(set) var hasEnded = false

  init?(port: UInt16) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    var on: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    if connected != 0 { return nil }
  }

  deinit { close(descriptor) }

  static func frame(_ datagram: [UInt8]) -> [UInt8] {
    [UInt8(datagram.count >> 8), UInt8(datagram.count & 0xFF)] + datagram
  }

  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// The next datagram, within a second. `nil`: none came, or the connection has ended.
  func receive() -> [UInt8]? {
    while true {
      if received.count >= 2 {
        let length = Int(received[0]) << 8 | Int(received[1])
        if received.count >= 2 + length {
          defer { received.removeFirst(2 + length) }
          return Array(received[2..<(2 + length)])
        }
      }
      guard readMore() else { return nil }
    }
  }

  private func readMore() -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard !hasEnded, poll(&waiting, 1, 1000) > 0 else { return false }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else {
      hasEnded = true
      return false
    }
    received += buffer[..<count]
    return true
  }

  /// Whether the other side closes within so many seconds.
  func seesEnd(within seconds: Int) -> Bool {
    for _ in 0..<seconds {
      while readMore() {}
      if hasEnded { return true }
    }
    return false
  }
}

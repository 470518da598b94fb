internal import Glibc

/// Why a worker could not start.
public enum MediaIOError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another process, or another worker, has this UDP port.
  case portInUse(UInt16)
  /// The UDP port is free, and another process listens on the TCP port of the same number.
  case tcpPortInUse(UInt16)
  /// A port below 1024 without the right to it.
  case portNotAllowed(UInt16)
  /// The system refused something else; the number is an `errno`.
  case system(operation: String, code: Int32)

  public var description: String {
    switch self {
    case .portInUse(let port):
      "UDP port \(port) is in use: stop what uses it, or set media.port to another one "
        + "(worker i takes media.port + i)"
    case .tcpPortInUse(let port):
      "TCP port \(port) is in use: stop what uses it, set media.port to another one, or media.tcp "
        + "to false, which leaves out those whose network blocks UDP"
    case .portNotAllowed(let port):
      "no right to UDP port \(port): set media.port to one above 1023"
    case .system(let operation, let code):
      "\(operation) failed: \(String(cString: strerror(code)))"
    }
  }

  init(listening port: UInt16, code: Int32) {
    switch code {
    case EADDRINUSE: self = .tcpPortInUse(port)
    default: self = .system(operation: "listening on TCP port \(port)", code: code)
    }
  }

  init(opening port: UInt16, code: Int32) {
    switch code {
    case EADDRINUSE: self = .portInUse(port)
    case EACCES: self = .portNotAllowed(port)
    default: self = .system(operation: "opening UDP port \(port)", code: code)
    }
  }
}

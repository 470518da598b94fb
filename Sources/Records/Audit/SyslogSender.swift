internal import Dispatch
internal import Glibc

/// Sends lines to a syslog collector (RFC 5424): by UDP (RFC 5426), or by TCP with counted octets (RFC 6587).
/// A collector answers nothing: what was sent counts as taken.
public struct SyslogSender: Sendable {
  /// Facility 13 (log audit), severity 5 (notice).
  static let priority = 13 * 8 + 5

  enum Problem: Error, CustomStringConvertible {
    case address, connection(CInt)

    var description: String {
      switch self {
      case .address: "its name has no address"
      case .connection(let code): String(cString: strerror(code))
      }
    }
  }

  let host: String
  let port: String
  let isStream: Bool
  private let queue = DispatchQueue(label: "visavis.syslog")

  /// `syslog://HOST:PORT` is UDP, `syslog+tcp://HOST:PORT` TCP; the port is 514 unless it is said. `nil`: no such URL.
  public init?(url: String) {
    let schemes = [("syslog://", false), ("syslog+tcp://", true)]
    guard let (scheme, isStream) = schemes.first(where: { url.hasPrefix($0.0) }) else { return nil }
    var rest = url.dropFirst(scheme.count)
    var port: Substring = "514"
    if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
      port = rest[rest.index(after: colon)...]
      rest = rest[..<colon]
    }
    if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
    guard !rest.isEmpty, let number = UInt16(port), number > 0,
      rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
    else { return nil }
    self.host = String(rest)
    self.port = String(number)
    self.isStream = isStream
  }

  /// No time, no host name and no process: a collector knows when it comes and from where, and the log's own name
  /// is in the note.
  static func message(_ line: String) -> [UInt8] {
    Array("<\(priority)>1 - - visavis - checkpoint - \(line)".utf8)
  }

  func send(_ line: String) async throws {
    let text = Self.message(line)
    let bytes = isStream ? Array("\(text.count) ".utf8) + text : text
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      queue.async { done.resume(with: Result { try deliver(bytes) }) }
    }
  }

  private func deliver(_ bytes: [UInt8]) throws {
    var hints = addrinfo()
    hints.ai_socktype = CInt((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, port, &hints, &found) == 0 else { throw Problem.address }
    defer { freeaddrinfo(found) }
    var problem: Problem = .address
    var next = found
    while let address = next?.pointee {
      next = address.ai_next
      let file = socket(address.ai_family, address.ai_socktype | CInt(SOCK_CLOEXEC.rawValue), 0)
      guard file >= 0 else {
        problem = .connection(errno)
        continue
      }
      defer { Glibc.close(file) }
      var patience = timeval(tv_sec: Int(WitnessSender.patience), tv_usec: 0)
      setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      guard connect(file, address.ai_addr, address.ai_addrlen) == 0 else {
        problem = .connection(errno)
        continue
      }
      var sent = 0
      while sent < bytes.count {
        let count = bytes.withUnsafeBytes {
          Glibc.send(
            file, $0.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        sent += count
      }
      if sent == bytes.count { return }
      problem = .connection(errno)
    }
    throw problem
  }
}

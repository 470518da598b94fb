internal import CDatagram
internal import Glibc
internal import Transport
internal import Wire
internal import Workload

/// One peer of the server: a socket, SRTP both ways, the tracks that it sends and gets.
final class Endpoint {
  struct Inbound {
    var ssrc: SSRC
    var kind: MediaKind
    var received: UInt32 = 0
    var highest: UInt16 = 0
    var cycles: UInt32 = 0
  }

  static let bufferOctets: Int32 = 4 << 20

  let descriptor: Int32
  let port: UInt16
  let ssrc: SSRC
  let srtp: SRTPSession
  var tracks: [Track] = []
  var inbound: [Inbound] = []
  var transportSequence: UInt16 = 1
  var feedback = FeedbackRecorder()
  var nextReport: MediaInstant
  var nextFeedback: MediaInstant
  var segmentation = true

  init?(keys: SRTPKeyingMaterial, now: MediaInstant, random: inout SeededRandom) {
    var loopback = datagram_address(high: 0, low: 0xFFFF_7F00_0001)
    let descriptor = flow_open(&loopback, Self.bufferOctets)
    self.descriptor = descriptor
    guard descriptor >= 0, let srtp = SRTPSession(keys) else { return nil }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard bound else { return nil }
    port = UInt16(bigEndian: name.sin_port)
    self.srtp = srtp
    ssrc = SSRC(UInt32(truncatingIfNeeded: random.next()) | 1)
    nextReport = now + MediaDuration(nanoseconds: Int64(random.next() % 1_000_000_000))
    nextFeedback = now + MediaDuration(nanoseconds: Int64(random.next() % 100_000_000))
  }

  func connect(to server: UInt16) -> Bool {
    var loopback = datagram_address(high: 0, low: 0xFFFF_7F00_0001)
    return flow_connect(descriptor, &loopback, server) == 0
  }

  /// Datagrams that this end dropped.
  var drops: UInt32 { flow_dropped(descriptor) }
}

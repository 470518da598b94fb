import Testing
import Wire

@Suite("Datagrams on a stream (RFC 4571)")
struct StreamFramingTests {
  private func frame(_ bytes: [UInt8], at offset: Int = 0, limit: Int = 1500) -> StreamFraming.Frame
  {
    bytes.withUnsafeBytes { StreamFraming.frame(at: offset, in: $0, limit: limit) }
  }

  @Test("every prefix of a frame is incomplete, the whole is a datagram, what follows is another")
  func prefixes() {
    let stream: [UInt8] = [0, 3, 1, 2, 3, 0, 0, 0, 1, 9]
    for count in 0..<5 { #expect(frame(Array(stream[..<count])) == .incomplete) }
    #expect(frame(Array(stream[..<5])) == .datagram(2..<5))
    #expect(frame(stream) == .datagram(2..<5))
    #expect(frame(stream, at: 5) == .datagram(7..<7))
    #expect(frame(stream, at: 7) == .datagram(9..<10))
    #expect(frame(stream, at: 10) == .incomplete)
  }

  @Test("a length beyond the limit is told before its octets come")
  func tooLong() {
    #expect(frame([0xFF, 0xFF]) == .tooLong)
    #expect(frame([0, 5], limit: 4) == .tooLong)
    #expect(frame([0, 4], limit: 4) == .incomplete)
    // HTTP, TLS and SSH, which scanners begin with.
    for text in ["GET / HTTP/1.1", "SSH-2.0-x", "\u{16}\u{03}\u{01}"] {
      #expect(frame(Array(text.utf8)) == .tooLong)
    }
  }

  @Test("whatever the octets, a frame lies within them")
  func garbage() {
    var random = SeededRandom(seed: 5)
    for _ in 0..<5000 {
      let bytes = (0..<Int(random.next() % 40)).map { _ in
        UInt8(truncatingIfNeeded: random.next() % 12)
      }
      var at = 0
      walk: while true {
        switch frame(bytes, at: at, limit: 1500) {
        case .datagram(let range):
          #expect(range.lowerBound == at + 2 && range.upperBound <= bytes.count)
          at = range.upperBound
        case .incomplete, .tooLong: break walk
        }
      }
    }
  }
}

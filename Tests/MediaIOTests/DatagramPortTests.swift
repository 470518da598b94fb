import MediaIO
import Testing
import Wire

@Suite("A socket for one remote address")
struct DatagramPortTests {
  private static let nowhere = TransportAddress(ip: IPAddress(v4: 0x7F00_0001), port: 9)

  private func take(_ port: DatagramPort, seconds: Double = 5) async throws -> [UInt8]? {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 1)
    defer { buffer.deallocate() }
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      if let length = port.receive(into: buffer) { return Array(buffer[..<length]) }
      try await Task.sleep(for: .milliseconds(2))
    }
    return nil
  }

  @Test("takes what that address sends, and counts and leaves what others send")
  func strangers() async throws {
    let listener = try DatagramPort(to: Self.nowhere, from: nil, ports: [0])
    #expect(listener.local.ip == Self.nowhere.ip && listener.local.port > 0)
    let friend = try DatagramPort(to: listener.local, from: nil, ports: [0])
    let stranger = try DatagramPort(to: friend.local, from: nil, ports: [0])
    let answer = try DatagramPort(
      to: friend.local, from: listener.local.ip, ports: [listener.local.port, 0])
    // Its port is taken: the next that is given.
    #expect(answer.local.port != listener.local.port)

    #expect(([4] as [UInt8]).withUnsafeBytes { stranger.send($0) })
    #expect(try await take(friend, seconds: 0.2) == nil)
    #expect(friend.strange == 1 && stranger.strange == 0)
  }

  @Test("of each other talk both ways")
  func both() async throws {
    let first = try DatagramPort(to: Self.nowhere, from: nil, ports: [0])
    let number = first.local.port
    let one = try DatagramPort(to: first.local, from: nil, ports: [0])
    _ = consume first
    let other = try DatagramPort(to: one.local, from: nil, ports: [number])
    #expect(other.local.port == number)
    let words: [UInt8] = Array(0..<200)
    #expect(words.withUnsafeBytes { one.send($0) })
    #expect(try await take(other) == words)
    #expect(words.withUnsafeBytes { other.send($0) })
    #expect(try await take(one) == words)
    #expect(one.strange == 0 && other.strange == 0)
  }
}

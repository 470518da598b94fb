import MediaEngine
@testable import Simulation
import Testing
import Transport
import Wire

/// Sound that comes from no peer.
struct FeedTests {
  private static let id = PublicationID(rawValue: 99)

  private func speak(
    _ range: Range<Int>, ssrc: UInt32 = 7, into feed: PacketFeed, _ scenario: Scenario
  ) {
    for count in range {
      var packet: [UInt8] = [0x80, 111, UInt8(count >> 8), UInt8(count & 255)]
      for number in [UInt32(count * 960), ssrc] {
        packet += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
      }
      packet += MarkedPayload(stream: 99, packet: UInt32(count)).octets(length: 80)
      #expect(packet.withUnsafeBytes { feed.write($0) })
      scenario.run(for: .milliseconds(20))
    }
  }

  @Test("Is a publication like others: for who waited, taps, mutes, until it is removed")
  func whole() throws {
    let scenario = try Scenario.make(seed: 5)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    let ssrc = SSRC(9000)
    scenario.view(
      Self.id, kind: .audio, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: ssrc, rtxSSRC: nil)
    scenario.run(for: .milliseconds(500))
    let (feed, tap) = (PacketFeed(capacity: 16), PacketTap(capacity: 256))
    scenario.command(.addFed(Self.id, feed, SimulatedFormat.payloads(.audio)))
    scenario.command(.addTap(Self.id, tap))
    speak(0..<50, into: feed, scenario)
    scenario.run(for: .milliseconds(100))
    #expect(viewer.peer.received(ssrc).count == 50)
    #expect(tap.drain(limit: .max) { _, _ in } == 50)
    let started = scenario.events.contains {
      if case .publicationStarted(Self.id) = $0.1 { true } else { false }
    }
    #expect(started)

    scenario.command(.setPublicationMuted(Self.id, true))
    speak(50..<60, into: feed, scenario)
    #expect(viewer.peer.received(ssrc).count == 50)
    scenario.command(.setPublicationMuted(Self.id, false))
    // Another source takes its place: one stream to the viewer.
    speak(10..<30, ssrc: 8, into: feed, scenario)
    scenario.run(for: .milliseconds(100))
    #expect(viewer.peer.received(ssrc).count == 70)

    scenario.command(.removePublication(Self.id))
    speak(30..<40, ssrc: 8, into: feed, scenario)
    #expect(viewer.peer.received(ssrc).count == 70)
  }

  @Test("What came before it was a publication goes to nobody")
  func stale() throws {
    let scenario = try Scenario.make(seed: 5)
    let (feed, tap) = (PacketFeed(capacity: 16), PacketTap(capacity: 256))
    speak(0..<10, into: feed, scenario)
    scenario.command(.addFed(Self.id, feed, SimulatedFormat.payloads(.audio)))
    scenario.command(.addTap(Self.id, tap))
    speak(10..<15, into: feed, scenario)
    scenario.run(for: .milliseconds(100))
    #expect(tap.drain(limit: .max) { _, _ in } == 5)
  }
}

import Testing
import Wire

@testable import Forwarding

struct PublicationObservationTests {
  private static func at(_ milliseconds: Int64) -> MediaInstant {
    MediaInstant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
  }

  private static func frame(_ number: Int64, _ slot: PacketSlot) -> MediaPacket {
    MediaPacket(
      slot: slot, index: number, arrival: at(0), timestamp: 0, payloadOffset: 0,
      payloadLength: 0, payload: 0, flags: [.marker], audioLevel: 0, vp8: nil)
  }

  @Test("a freeze that goes on is counted until now, and once when it is over")
  func freeze() throws {
    let arena = PacketArena(slotCount: 1)
    defer { arena.deallocate() }
    let slot = try #require(arena.allocate())
    var observation = PublicationObservation()
    for i in 0..<30 {
      observation.note(Self.frame(Int64(i), slot), isVideo: true, now: Self.at(Int64(i) * 33))
    }
    let last = Int64(29 * 33)
    #expect(observation.counted(until: Self.at(last + 150)).frozen == .zero)
    let during = observation.counted(until: Self.at(last + 2000))
    #expect(during.frozen == .milliseconds(2000))
    #expect(during.freezes == 1)
    observation.note(Self.frame(30, slot), isVideo: true, now: Self.at(last + 2500))
    #expect(observation.counted(until: Self.at(last + 2510)).frozen == .milliseconds(2500))
    #expect(observation.freezes == 1)
    // So long a pause was made by somebody.
    #expect(observation.counted(until: Self.at(last + 40_000)).frozen == .milliseconds(2500))
  }
}

import Forwarding
import Testing
import Wire

@testable import MediaEngine

struct SourceTableTests {
  static func at(_ n: Int64) -> MediaInstant { MediaInstant(nanoseconds: n) }

  static func handles(_ count: Int) throws -> (handles: [PublicationHandle], arena: PacketArena) {
    let arena = PacketArena(slotCount: 1)
    let router = Router(limits: RouterLimits(), arena: arena, seed: 1)
    let handles = try (0..<count).map { _ in
      try router.addPublication(
        PublicationSettings(
          kind: .video, payloads: [], extensions: HeaderExtensionMap(), answersNACK: true,
          answersKeyframeRequests: true, muted: false))
    }
    return (handles, arena)
  }

  static func source(
    _ ssrc: UInt32, _ publication: PublicationHandle, _ role: SourceTable.Role = .media,
    declared: Bool = false, at time: Int64 = 0
  ) -> SourceTable.Source {
    SourceTable.Source(
      ssrc: SSRC(ssrc), publication: publication, role: role, isDeclared: declared,
      lastPacket: at(time))
  }

  @Test("A full table forgets the learned source that was silent for longest, never a declared one")
  func bounded() throws {
    let (handles, arena) = try Self.handles(1)
    defer { arena.deallocate() }
    var table = SourceTable(capacity: 3)
    var accepted: [Bool] = []
    accepted.append(table.insert(Self.source(1, handles[0], declared: true)))
    accepted.append(table.insert(Self.source(2, handles[0], at: 10)))
    accepted.append(table.insert(Self.source(3, handles[0], at: 20)))
    _ = table.find(SSRC(2), now: Self.at(30))
    accepted.append(table.insert(Self.source(4, handles[0], at: 40)))
    let found = (1...4).map { table.lastPacket(of: SSRC(UInt32($0))) != nil }
    #expect(accepted == [true, true, true, true])
    #expect(found == [true, true, false, true])

    var declared = SourceTable(capacity: 1)
    let first = declared.insert(Self.source(1, handles[0], declared: true))
    let second = declared.insert(Self.source(2, handles[0]))
    #expect(first)
    #expect(!second)
  }

  @Test("When a publication has another source, learned retransmissions of the old one are nothing")
  func retired() throws {
    let (handles, arena) = try Self.handles(2)
    defer { arena.deallocate() }
    var table = SourceTable(capacity: 8)
    _ = table.insert(Self.source(1, handles[0]))
    _ = table.insert(Self.source(2, handles[0], .retransmission))
    _ = table.insert(Self.source(3, handles[1], .retransmission))
    table.retireRetransmissions(of: handles[0])
    let roles = [1, 2, 3].map { table.find(SSRC($0), now: Self.at(0))?.role }
    #expect(roles == [.media, .obsolete, .retransmission])
    table.removeAll(of: handles[0])
    let count = table.count
    #expect(count == 1)
  }
}

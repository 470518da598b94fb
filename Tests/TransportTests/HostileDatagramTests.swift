import Testing
import Wire

@testable import Transport

/// Nothing that arrives may trap, leak a slot or change a peer without authentication.
@Suite struct HostileDatagramTests {
  let wire = TestWire()
  let local = ICECredentials.test("s")
  let remote = ICECredentials.test("c")

  private func peers() throws -> [PeerTransport] {
    let waiting = PeerTransport(
      local: local, remote: remote, remoteFingerprints: [], context: try DTLSClient.server.get(),
      timeouts: PeerTransportTimeouts(), now: wire.now)
    let checked = PeerTransport(
      local: local, remote: remote, remoteFingerprints: [], context: try DTLSClient.server.get(),
      timeouts: PeerTransportTimeouts(), now: wire.now)
    let check = TestCheck(to: local, from: remote, useCandidate: true)
    #expect(wire.deliver(check.bytes, to: checked, path: .test(1)).received == .consumed)
    var all = [waiting, checked]
    for profile in SRTPProfile.allCases {
      let length = profile.keyLength + profile.saltLength
      let keys = try #require(
        SRTPKeyingMaterial(
          profile: profile, local: Array(repeating: 1, count: length),
          remote: Array(repeating: 2, count: length)))
      all.append(
        try #require(
          PeerTransport(
            preset: keys, path: .test(1), local: local, remote: remote,
            timeouts: PeerTransportTimeouts(), now: wire.now)))
    }
    for peer in all { _ = peer.takeEvents() }
    return all
  }

  @Test("random octets of every length are refused or ignored")
  func noise() throws {
    var random = SeededRandom(seed: 2_026)
    let peers = try peers()
    for length in 0...400 {
      for first: UInt8? in [nil, 0, 1, 20, 22, 63, 64, 128, 144, 191, 192] {
        var bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        if let first, length > 0 { bytes[0] = first }
        for peer in peers {
          let result = wire.deliver(bytes, to: peer, path: .test(1))
          switch result.received {
          case .rtp, .rtcp: Issue.record("noise was taken for media: \(bytes)")
          case .consumed, .refused: break
          }
        }
      }
    }
    for peer in peers { #expect(!peer.takeEvents().contains(.connected(.aeadAES128GCM))) }
  }

  @Test("a check cut anywhere or changed in any octet is not taken for one")
  func mutilatedCheck() throws {
    let whole = TestCheck(to: local, from: remote, useCandidate: true).bytes
    let peer = try peers()[0]
    for length in 0..<whole.count {
      let result = wire.deliver(Array(whole[..<length]), to: peer, path: .test(1))
      #expect(result.received != .consumed)
      #expect(result.answers.isEmpty)
    }
    // But the type of the FINGERPRINT attribute: an unknown one after MESSAGE-INTEGRITY is ignored.
    let fingerprint = whole.count - 8
    for index in whole.indices where index != fingerprint && index != fingerprint + 1 {
      for bit in 0..<8 {
        var changed = whole
        changed[index] ^= 1 << bit
        let result = wire.deliver(changed, to: peer, path: .test(1))
        #expect(result.answers.isEmpty, "octet \(index) bit \(bit)")
      }
    }
    #expect(!peer.hasEvents)
    #expect(wire.deliver(whole, to: peer, path: .test(1)).received == .consumed)
  }

  @Test("the longest datagrams, full of the same octet")
  func full() throws {
    let peers = try peers()
    for octet in UInt8.min...UInt8.max {
      let bytes = [UInt8](repeating: octet, count: PacketArena.slotCapacity)
      for peer in peers { _ = wire.deliver(bytes, to: peer, path: .test(1)) }
    }
  }

  @Test("an RTP header that claims more than there is does not read on")
  func claims() throws {
    let peer = try peers()[2]
    for csrcs: UInt8 in 0...15 {
      for words in [0, 1, 2, 10, 400, 0xFFFF] {
        for length in [12, 16, 20, 28, 60, 100, 1500] {
          var bytes = [UInt8](repeating: 0, count: length)
          bytes[0] = 0x90 | csrcs
          let at = 12 + Int(csrcs) * 4
          if at + 4 <= length {
            bytes[at + 2] = UInt8(words >> 8)
            bytes[at + 3] = UInt8(words & 255)
          }
          let result = wire.deliver(bytes, to: peer, path: .test(1))
          #expect(
            [.refused(.srtpMalformed), .refused(.srtpUnauthenticated)].contains(result.received))
        }
      }
    }
  }

  @Test("without a free slot a check is lost, and nothing else")
  func exhaustedArena() throws {
    let peer = try peers()[0]
    let check = TestCheck(to: local, from: remote).bytes
    var taken: [PacketSlot] = []
    while wire.arena.freeCount > 1, let slot = wire.arena.allocate() { taken.append(slot) }
    defer { #expect(wire.arena.freeCount == wire.arena.slotCount) }
    var out = OutboundBatch(capacity: 4, arena: wire.arena)
    if let slot = wire.arena.allocate() {
      wire.arena.buffer(slot).copyBytes(from: check)
      #expect(
        peer.receive(
          slot, length: check.count, path: .test(1), now: wire.now, arena: wire.arena, into: &out)
          == .consumed)
      wire.arena.release(slot)
    }
    let answers = out.count
    #expect(answers == 0)
    #expect(!peer.hasEvents)
    for slot in taken { wire.arena.release(slot) }
  }
}

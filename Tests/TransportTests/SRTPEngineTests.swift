import Testing
import Wire

@testable import Transport

/// Our own engine does what libsrtp2 does, octet by octet and refusal by refusal.
@Suite struct SRTPEngineTests {
  /// The two engines as one sender and as one receiver, and a random world between them.
  private struct Pair {
    let ours: SRTPSession
    let theirs: SRTPSession

    init(_ keys: SRTPKeyingMaterial) throws {
      ours = try #require(SRTPSession(keys, engine: .openSSL))
      theirs = try #require(SRTPSession(keys, engine: .libSRTP))
    }

    func protectRTP(_ clear: [UInt8]) -> ([UInt8]?, [UInt8]?) {
      (
        seal(clear) { ours.protectRTP($0, length: $1) },
        seal(clear) { theirs.protectRTP($0, length: $1) }
      )
    }

    func protectRTCP(_ clear: [UInt8]) -> ([UInt8]?, [UInt8]?) {
      (
        seal(clear) { ours.protectRTCP($0, length: $1) },
        seal(clear) { theirs.protectRTCP($0, length: $1) }
      )
    }

    private func seal(
      _ clear: [UInt8], _ protect: (UnsafeMutableRawBufferPointer, Int) -> Int?
    ) -> [UInt8]? {
      var buffer = clear + [UInt8](repeating: 0, count: 20)
      return buffer.withUnsafeMutableBytes { protect($0, clear.count) }
        .map { Array(buffer.prefix($0)) }
    }

    /// What both make of a packet; they must agree.
    func unprotectRTP(_ sealed: [UInt8]) -> (SRTPSession.Outcome, [UInt8]) {
      compare(sealed) { $0.unprotectRTP($1, length: $2) }
    }

    func unprotectRTCP(_ sealed: [UInt8]) -> (SRTPSession.Outcome, [UInt8]) {
      compare(sealed) { $0.unprotectRTCP($1, length: $2) }
    }

    private func compare(
      _ sealed: [UInt8],
      _ open: (SRTPSession, UnsafeMutableRawBufferPointer, Int) -> SRTPSession.Outcome
    ) -> (SRTPSession.Outcome, [UInt8]) {
      func plain(_ session: SRTPSession) -> (SRTPSession.Outcome, [UInt8]) {
        var buffer = sealed
        let outcome = buffer.withUnsafeMutableBytes { open(session, $0, sealed.count) }
        guard case .packet(let length) = outcome else { return (outcome, []) }
        return (outcome, Array(buffer.prefix(length)))
      }
      let (mine, other) = (plain(ours), plain(theirs))
      #expect(mine.0 == other.0)
      #expect(mine.1 == other.1)
      return mine
    }
  }

  private func keys(_ profile: SRTPProfile, _ random: inout SeededRandom) throws
    -> SRTPKeyingMaterial
  {
    let length = profile.keyLength + profile.saltLength
    let local = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let remote = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return try #require(SRTPKeyingMaterial(profile: profile, local: local, remote: remote))
  }

  /// A packet of any shape: CSRCs, extension, padding, 0 to 1200 octets of payload.
  private func packet(
    ssrc: UInt32, sequence: UInt16, _ random: inout SeededRandom
  ) -> [UInt8] {
    let csrcs = random.next() % 8 == 0 ? Int(random.next() % 16) : 0
    let words = random.next() % 2 == 0 ? Int(random.next() % 6) : -1
    var bytes: [UInt8] = [0x80 | UInt8(csrcs) | (words >= 0 ? 0x10 : 0)]
    bytes.append(UInt8(random.next() % 128))
    bytes += [UInt8(sequence >> 8), UInt8(sequence & 255)]
    func noise(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
    bytes += noise(4)
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: ssrc >> (24 - 8 * $0)) }
    bytes += noise(csrcs * 4)
    if words >= 0 { bytes += [0xBE, 0xDE, 0, UInt8(words)] + noise(words * 4) }
    return bytes + noise(Int(random.next() % 1200))
  }

  @Test(
    "random packets of several sources, in order and not, over many rolls of the sequence number",
    arguments: SRTPProfile.allCases)
  func randomPackets(_ profile: SRTPProfile) throws {
    var random = SeededRandom(seed: 3_711)
    let keys = try keys(profile, &random)
    let senders = try Pair(keys)
    let receivers = try Pair(keys.mirrored)
    var next: [UInt32: UInt64] = [0: 65_000, 1: 0, 0xFFFF_FFFF: 40_000, 77: 32_768]
    let sources = next.keys.sorted()
    var late: [[UInt8]] = []
    var sent = 0
    var delivered = 0
    for _ in 0..<6_000 {
      let ssrc = sources[Int(random.next() % 4)]
      var index = next[ssrc] ?? 0
      switch random.next() % 16 {
      // A jump forwards, a step back, a repetition, and mostly the next one.
      case 0: index += random.next() % 4_000
      case 1: index -= min(index, random.next() % 1_200)
      case 2: index -= min(index, 1)
      default: break
      }
      next[ssrc] = max(next[ssrc] ?? 0, index + 1)
      let clear = packet(ssrc: ssrc, sequence: UInt16(truncatingIfNeeded: index), &random)
      let (mine, other) = senders.protectRTP(clear)
      #expect(mine == other)
      guard let mine else { continue }
      sent += 1
      switch random.next() % 8 {
      case 0: late.append(mine)
      case 1:
        var forged = mine
        forged[Int(random.next() % UInt64(forged.count))] ^= 1 << UInt8(random.next() % 8)
        _ = receivers.unprotectRTP(forged)
        fallthrough
      default:
        let (outcome, plain) = receivers.unprotectRTP(mine)
        if case .packet = outcome {
          delivered += 1
          #expect(plain == clear)
        }
      }
      if random.next() % 8 == 0, !late.isEmpty {
        // Late, or a second time.
        let old = late[Int(random.next() % UInt64(late.count))]
        if case .packet = receivers.unprotectRTP(old).0 { delivered += 1 }
      }
    }
    #expect(sent > 4_500)
    #expect(delivered > sent * 3 / 4)
    #expect(next.values.contains { $0 > 65_536 * 2 })
  }

  @Test(
    "a sender whose first number is high, and one that starts again low",
    arguments: SRTPProfile.allCases)
  func firstNumbers(_ profile: SRTPProfile) throws {
    var random = SeededRandom(seed: 12)
    for start in [0, 1, 32_767, 32_768, 32_769, 65_535] as [UInt16] {
      let keys = try keys(profile, &random)
      let senders = try Pair(keys)
      let receivers = try Pair(keys.mirrored)
      let steps: [Int] = [0, 1, 3, 2, -1, -5, 40, 32_768, 0, 65_000, 33_000, 33_001, 1, 65_536, 2]
      for step in steps {
        let clear = packet(
          ssrc: 9, sequence: start &+ UInt16(truncatingIfNeeded: step), &random)
        let (mine, other) = senders.protectRTP(clear)
        #expect(mine == other)
        if let mine { _ = receivers.unprotectRTP(mine) }
      }
    }
  }

  @Test("the borders of the replay window", arguments: SRTPProfile.allCases)
  func windowBorders(_ profile: SRTPProfile) throws {
    var random = SeededRandom(seed: 99)
    let keys = try keys(profile, &random)
    let senders = try Pair(keys)
    let receivers = try Pair(keys.mirrored)
    var sealed: [[UInt8]] = []
    for sequence in UInt16(0)..<2_200 {
      let (mine, other) = senders.protectRTP(packet(ssrc: 5, sequence: sequence, &random))
      #expect(mine == other)
      sealed.append(try #require(mine))
    }
    for sequence in [1_100, 1_100, 76, 77, 1, 78, 2_199, 1_174, 1_175, 1_176, 1_176, 1_100, 2_199] {
      _ = receivers.unprotectRTP(sealed[sequence])
    }
    // 2199 - 1175 is one too many.
    #expect(receivers.unprotectRTP(sealed[1_177]).0 != .refused(.srtpReplayed))
    #expect(receivers.unprotectRTP(sealed[1_175]).0 == .refused(.srtpReplayed))
  }

  @Test(
    "reports: indices that grow, come again, come late, and forgeries",
    arguments: SRTPProfile.allCases)
  func reports(_ profile: SRTPProfile) throws {
    var random = SeededRandom(seed: 7_714)
    let keys = try keys(profile, &random)
    let senders = try Pair(keys)
    let receivers = try Pair(keys.mirrored)
    var sealed: [[UInt8]] = []
    for i in 0..<700 {
      let length = 8 + Int(random.next() % 40) * 4
      var clear = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      clear[0] = 0x80
      clear[1] = 200
      for (offset, byte) in [0, 0, 0, UInt8(i % 3)].enumerated() { clear[4 + offset] = byte }
      let (mine, other) = senders.protectRTCP(clear)
      #expect(mine == other)
      sealed.append(try #require(mine))
    }
    for _ in 0..<4_000 {
      let around = min(sealed.count - 1, Int(random.next() % 700))
      var bytes = sealed[around]
      if random.next() % 4 == 0 {
        bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
      }
      // The E flag, which is not where the tag is.
      if random.next() % 16 == 0 { bytes[bytes.count - 4] ^= 0x80 }
      if random.next() % 16 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      _ = receivers.unprotectRTCP(bytes)
    }
  }

  @Test("bytes that nobody sealed are refused alike", arguments: SRTPProfile.allCases)
  func noise(_ profile: SRTPProfile) throws {
    var random = SeededRandom(seed: 31)
    let receivers = try Pair(try keys(profile, &random))
    for _ in 0..<3_000 {
      var bytes = (0..<Int(random.next() % 120)).map { _ in UInt8(truncatingIfNeeded: random.next())
      }
      if !bytes.isEmpty, random.next() % 2 == 0 { bytes[0] = 0x80 | bytes[0] & 0x3F }
      let (outcome, _) = receivers.unprotectRTP(bytes)
      guard case .refused = outcome else {
        Issue.record("noise was taken for a packet")
        return
      }
      _ = receivers.unprotectRTCP(bytes)
    }
  }

  @Test("sources are bounded, and only who has the key adds one")
  func sources() throws {
    var random = SeededRandom(seed: 128)
    let keys = try keys(.aeadAES128GCM, &random)
    let senders = try Pair(keys)
    let receivers = try Pair(keys.mirrored)
    for ssrc in 0..<UInt32(SRTPSession.inboundLimit * 2) {
      _ = receivers.unprotectRTP(
        packet(ssrc: ssrc, sequence: 1, &random) + [UInt8](repeating: 0, count: 16))
    }
    var outcomes: [SRTPSession.Outcome] = []
    for ssrc in 0..<UInt32(SRTPSession.outboundLimit + 3) {
      let (mine, other) = senders.protectRTP(packet(ssrc: ssrc, sequence: 1, &random))
      #expect(mine == other)
      if let mine { outcomes.append(receivers.unprotectRTP(mine).0) }
    }
    #expect(outcomes.count == SRTPSession.outboundLimit)
    let refused = outcomes.filter { $0 == .refused(.srtpTooManySources) }
    #expect(refused.count == SRTPSession.outboundLimit - SRTPSession.inboundLimit)
  }
}

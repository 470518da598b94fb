import Testing

@testable import Transport

/// The oracle against the RFCs, then the session against the oracle.
@Suite struct SRTPVectorTests {
  private static let gallia = octets(
    """
    8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070
    61727465 73207472 6573
    """)
  private static let report = octets(
    """
    81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef
    deadbeef deadbeef deadbeef
    """)

  private func keys(_ profile: SRTPProfile) -> ReferenceSRTP {
    ReferenceSRTP(
      profile: profile,
      session: .init(
        encryption: (0..<UInt8(profile.keyLength)).map { $0 }, authentication: [],
        salt: octets("51756964 2070726f 2071756f")))
  }

  @Test("RFC 7714 section 16: AEAD protection of RTP")
  func gcmRTP() {
    #expect(
      keys(.aeadAES128GCM).protectRTP(Self.gallia, header: 12, rollover: 0)
        == octets(
          """
          8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
          42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce
          """))
    #expect(
      keys(.aeadAES256GCM).protectRTP(Self.gallia, header: 12, rollover: 0)
        == octets(
          """
          8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3
          b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13
          """))
  }

  @Test("RFC 7714 section 17: AEAD protection of RTCP")
  func gcmRTCP() {
    #expect(
      keys(.aeadAES128GCM).protectRTCP(Self.report, index: 0x5d4)
        == octets(
          """
          81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
          730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4
          """))
    #expect(
      keys(.aeadAES256GCM).protectRTCP(Self.report, index: 0x5d4)
        == octets(
          """
          81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1
          110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4
          """))
  }

  @Test("RFC 3711 appendix B.2: the AES-CM keystream")
  func counterMode() {
    let stream = ReferenceSRTP.counterMode(
      key: octets("2B7E1516 28AED2A6 ABF71588 09CF4F3C"),
      iv: octets("F0F1F2F3 F4F5F6F7 F8F9FAFB FCFD0000"), data: [UInt8](repeating: 0, count: 48))
    #expect(
      stream
        == octets(
          """
          E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB
          41E95B3BB0A2E8DD477901E4FCA894C0
          """))
  }

  @Test("RFC 3711 appendix B.3: key derivation")
  func derivation() {
    let reference = ReferenceSRTP(
      profile: .aesCM128HMACSHA1_80,
      master: octets("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6"))
    #expect(reference.rtp.encryption == octets("C61E7A93744F39EE10734AFE3FF7A087"))
    #expect(reference.rtp.salt == octets("30CBBC08863D8C85D49DB34A9AE1"))
    #expect(reference.rtp.authentication == octets("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"))
  }

  // MARK: The session against the oracle

  private func master(_ profile: SRTPProfile, _ seed: UInt8) -> [UInt8] {
    (0..<profile.keyLength + profile.saltLength).map { UInt8(truncatingIfNeeded: $0 * 37) ^ seed }
  }

  private func session(_ profile: SRTPProfile) throws -> SRTPSession {
    let keys = try #require(
      SRTPKeyingMaterial(
        profile: profile, local: master(profile, 0xA5), remote: master(profile, 0x3C)))
    return try #require(SRTPSession(keys))
  }

  /// A packet with CSRC and extension, so that the clear part is not only the fixed header.
  private func packet(_ sequence: UInt16, payload: Int) -> [UInt8] {
    [0x91, 96, UInt8(sequence >> 8), UInt8(sequence & 255), 0, 0, 3, 192, 0xCA, 0xFE, 0xBA, 0xBE]
      + [1, 2, 3, 4, 0xBE, 0xDE, 0, 1, 0x10, 0x80, 0, 0]
      + (0..<payload).map { UInt8(truncatingIfNeeded: $0 ^ Int(sequence)) }
  }

  @Test(
    "a session sends what the RFCs say, over the roll of the sequence number",
    arguments: SRTPProfile.allCases)
  func protects(_ profile: SRTPProfile) throws {
    let session = try session(profile)
    let reference = ReferenceSRTP(profile: profile, master: master(profile, 0xA5))
    for index in UInt32(65_500)..<65_570 {
      let clear = packet(UInt16(truncatingIfNeeded: index), payload: Int(index % 700))
      var buffer = clear + [UInt8](repeating: 0, count: 32)
      let length = try #require(
        buffer.withUnsafeMutableBytes { session.protectRTP($0, length: clear.count) })
      #expect(
        Array(buffer[..<length])
          == reference.protectRTP(clear, header: 24, rollover: index >> 16))
    }
    for index in UInt32(1)...3 {
      var buffer = Self.report + [UInt8](repeating: 0, count: 32)
      let length = try #require(
        buffer.withUnsafeMutableBytes { session.protectRTCP($0, length: Self.report.count) })
      let expected = reference.protectRTCP(Self.report, index: index)
      let first = reference.protectRTCP(Self.report, index: index - 1)
      // RFC 3711 section 3.4 starts the index at 0 "before the first packet"; engines differ by one.
      #expect([expected, first].contains(Array(buffer[..<length])))
    }
  }

  @Test(
    "a session opens what the RFCs say, late packets too, and refuses replays",
    arguments: SRTPProfile.allCases)
  func unprotects(_ profile: SRTPProfile) throws {
    let session = try session(profile)
    let reference = ReferenceSRTP(profile: profile, master: master(profile, 0x3C))
    var indices = Array(UInt32(65_500)..<65_570)
    for i in stride(from: 0, to: indices.count - 3, by: 4) { indices.swapAt(i, i + 3) }
    for index in indices {
      let clear = packet(UInt16(truncatingIfNeeded: index), payload: Int(index % 700))
      let sealed = reference.protectRTP(clear, header: 24, rollover: index >> 16)
      var buffer = sealed
      let outcome = buffer.withUnsafeMutableBytes {
        session.unprotectRTP($0, length: sealed.count)
      }
      #expect(outcome == .packet(length: clear.count))
      #expect(Array(buffer[..<clear.count]) == clear)
      var again = sealed
      #expect(
        again.withUnsafeMutableBytes { session.unprotectRTP($0, length: sealed.count) }
          == .refused(.srtpReplayed))
    }
    let sealed = reference.protectRTCP(Self.report, index: 7)
    var buffer = sealed
    #expect(
      buffer.withUnsafeMutableBytes { session.unprotectRTCP($0, length: sealed.count) }
        == .packet(length: Self.report.count))
    #expect(Array(buffer[..<Self.report.count]) == Self.report)
    buffer = sealed
    #expect(
      buffer.withUnsafeMutableBytes { session.unprotectRTCP($0, length: sealed.count) }
        == .refused(.srtpReplayed))
  }

  @Test("every changed bit and every cut is refused", arguments: SRTPProfile.allCases)
  func forgeries(_ profile: SRTPProfile) throws {
    let session = try session(profile)
    let reference = ReferenceSRTP(profile: profile, master: master(profile, 0x3C))
    let rtp = reference.protectRTP(packet(9, payload: 20), header: 24, rollover: 0)
    let rtcp = reference.protectRTCP(Self.report, index: 1)
    for bit in 0..<rtp.count * 8 {
      var forged = rtp
      forged[bit / 8] ^= 1 << (bit % 8)
      let outcome = forged.withUnsafeMutableBytes { session.unprotectRTP($0, length: rtp.count) }
      guard case .refused = outcome else {
        Issue.record("bit \(bit) of an RTP packet was changed unnoticed")
        continue
      }
    }
    for bit in 0..<rtcp.count * 8 {
      var forged = rtcp
      forged[bit / 8] ^= 1 << (bit % 8)
      let outcome = forged.withUnsafeMutableBytes { session.unprotectRTCP($0, length: rtcp.count) }
      guard case .refused = outcome else {
        Issue.record("bit \(bit) of an RTCP packet was changed unnoticed")
        continue
      }
    }
    for length in 0..<rtp.count {
      var cut = Array(rtp[..<length])
      let outcome = cut.withUnsafeMutableBytes { session.unprotectRTP($0, length: length) }
      #expect(outcome != .packet(length: length))
    }
    for length in 0..<rtcp.count {
      var cut = Array(rtcp[..<length])
      let outcome = cut.withUnsafeMutableBytes { session.unprotectRTCP($0, length: length) }
      #expect(outcome != .packet(length: length))
    }
    var whole = rtp
    #expect(
      whole.withUnsafeMutableBytes { session.unprotectRTP($0, length: rtp.count) }
        == .packet(length: 44))
  }

  @Test("an AEAD nonce is not used twice; counter mode may repeat a packet")
  func repeats() throws {
    for profile in SRTPProfile.allCases {
      let session = try session(profile)
      let clear = packet(5, payload: 50)
      var lengths: [Int?] = []
      for _ in 0..<2 {
        var buffer = clear + [UInt8](repeating: 0, count: 32)
        lengths.append(
          buffer.withUnsafeMutableBytes { session.protectRTP($0, length: clear.count) })
      }
      #expect(lengths[0] == clear.count + profile.rtpOverhead)
      #expect(lengths[1] == (profile == .aesCM128HMACSHA1_80 ? lengths[0] : nil))
    }
  }

  @Test("a packet that leaves no room for the tag is refused, not written over")
  func noRoom() throws {
    let session = try session(.aeadAES128GCM)
    var buffer = packet(1, payload: 50) + [UInt8](repeating: 0xEE, count: 15)
    #expect(buffer.withUnsafeMutableBytes { session.protectRTP($0, length: $0.count - 15) } == nil)
    #expect(buffer.withUnsafeMutableBytes { session.protectRTCP($0, length: $0.count - 15) } == nil)
    #expect(Array(buffer.suffix(15)) == [UInt8](repeating: 0xEE, count: 15))
  }

  @Test("the number of sources is bounded, both ways")
  func sources() throws {
    let session = try session(.aeadAES128GCM)
    let reference = ReferenceSRTP(profile: .aeadAES128GCM, master: master(.aeadAES128GCM, 0x3C))
    func named(_ ssrc: Int) -> [UInt8] {
      var clear = packet(1, payload: 10)
      clear[10] = UInt8(ssrc >> 8)
      clear[11] = UInt8(ssrc & 255)
      return clear
    }
    var refused = 0
    for ssrc in 0..<SRTPSession.inboundLimit + 5 {
      var sealed = reference.protectRTP(named(ssrc), header: 24, rollover: 0)
      let outcome = sealed.withUnsafeMutableBytes { session.unprotectRTP($0, length: $0.count) }
      if outcome == .refused(.srtpTooManySources) { refused += 1 }
    }
    #expect(refused == 5)
    refused = 0
    for ssrc in 0..<SRTPSession.outboundLimit + 5 {
      var buffer = named(ssrc) + [UInt8](repeating: 0, count: 16)
      if buffer.withUnsafeMutableBytes({ session.protectRTP($0, length: $0.count - 16) }) == nil {
        refused += 1
      }
    }
    #expect(refused == 5)
  }
}

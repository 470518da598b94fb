import Testing
import Wire

@Suite struct RTPPacketTests {
  /// Two CSRCs, one-byte extensions (mid "0", audio level, transport sequence), padding.
  static let full = octets(
    """
    b2 ef 12 34  00 01 02 03  de ad be ef   # V=2 P X CC=2, M PT=111, sequence, timestamp, SSRC
    00 00 00 01  00 00 00 02                # CSRC
    be de 00 03                             # three words of elements
    40 30 00                                # id 4, one octet, "0"; a padding octet
    10 85                                   # id 1, one octet: voice, level 5
    31 be ef                                # id 3, two octets
    00 00 00 00
    01 02 03 04 05                          # payload
    00 00 03                                # padding
    """)

  @Test("every field of a packet with CSRCs, extensions and padding is read")
  func fields() throws {
    try withExact(Self.full) { bytes in
      let packet = try #require(RTPPacket(bytes))
      #expect(packet.payloadType == 111)
      #expect(packet.marker)
      #expect(packet.sequenceNumber == 0x1234)
      #expect(packet.timestamp == 0x0001_0203)
      #expect(packet.ssrc == SSRC(0xDEAD_BEEF))
      #expect(packet.headerLength == 36)
      #expect(packet.payloadLength == 5)
      #expect(packet.paddingLength == 3)
      #expect(packet.length == bytes.count)
      #expect(Array(bytes[packet.payloadRange]) == [1, 2, 3, 4, 5])
      #expect(packet.identificationTag(id: 4, in: bytes)?.text == "0")
      let level = try #require(packet.audioLevel(id: 1, in: bytes))
      #expect(level == (5, true))
      #expect(packet.transportSequence(id: 3, in: bytes) == 0xBEEF)
      #expect(packet.extensionRange(id: 2, in: bytes) == nil)
      #expect(packet.extensionRange(id: 0, in: bytes) == nil)
      #expect(packet.transportSequence(id: 1, in: bytes) == nil)
    }
  }

  @Test("a header of twelve octets and nothing else is a packet")
  func bare() throws {
    try withExact(octets("80 00 00 01 00 00 00 02 00 00 00 03")) { bytes in
      let packet = try #require(RTPPacket(bytes))
      #expect(packet.headerLength == 12)
      #expect(packet.payloadLength == 0)
      #expect(packet.extensionRange(id: 1, in: bytes) == nil)
    }
  }

  @Test("two-byte extensions are read, those of no octets too")
  func twoByte() throws {
    let bytes = octets(
      """
      90 60 00 01 00 00 00 02 00 00 00 03
      10 05 00 03                          # appbits 5
      1f 00  20 02 ab cd  00  11 01 7f  00 00
      ff
      """)
    try withExact(bytes) { bytes in
      let packet = try #require(RTPPacket(bytes))
      #expect(packet.extensionRange(id: 0x1F, in: bytes) == 18..<18)
      #expect(packet.transportSequence(id: 0x20, in: bytes) == 0xABCD)
      #expect(packet.audioLevel(id: 0x11, in: bytes)?.level == 127)
      #expect(packet.payloadLength == 1)
    }
  }

  @Test("extension of an unknown profile is skipped")
  func unknownProfile() throws {
    let bytes = octets("90 60 00 01 00 00 00 02 00 00 00 03  12 34 00 01 10 85 00 00  aa bb")
    try withExact(bytes) { bytes in
      let packet = try #require(RTPPacket(bytes))
      #expect(packet.headerLength == 20)
      #expect(packet.payloadLength == 2)
      #expect(packet.extensionRange(id: 1, in: bytes) == nil)
    }
  }

  @Test("id 15 and a padding octet with a length end the one-byte elements (RFC 8285 4.2)")
  func terminators() throws {
    for stop in ["f0 00", "01 00"] {
      let bytes = octets(
        "90 60 00 01 00 00 00 02 00 00 00 03  be de 00 02  10 85 \(stop) 20 06 00 00")
      try withExact(bytes) { bytes in
        let packet = try #require(RTPPacket(bytes))
        #expect(packet.audioLevel(id: 1, in: bytes)?.level == 5)
        #expect(packet.extensionRange(id: 2, in: bytes) == nil)
        #expect(packet.extensionRange(id: 15, in: bytes) == nil)
      }
    }
  }

  @Test("an element that runs past the extension is not read")
  func overrun() throws {
    let oneByte = octets(
      "90 60 00 01 00 00 00 02 00 00 00 03  be de 00 01  00 00 00 1f  aa aa aa aa")
    let twoByte = octets(
      "90 60 00 01 00 00 00 02 00 00 00 03  10 00 00 01  00 00 01 05  aa aa aa aa")
    let cut = octets("90 60 00 01 00 00 00 02 00 00 00 03  10 00 00 01  00 00 00 01  aa")
    for packet in [oneByte, twoByte, cut] {
      withExact(packet) { bytes in
        #expect(RTPPacket(bytes)?.extensionRange(id: 1, in: bytes) == nil)
      }
    }
  }

  @Test(
    "what is not an RTP packet is refused",
    arguments: [
      ("another version", "40 00 00 01 00 00 00 02 00 00 00 03"),
      ("CSRCs that are not there", "81 00 00 01 00 00 00 02 00 00 00 03 00 00"),
      ("extension header that is not there", "90 00 00 01 00 00 00 02 00 00 00 03 be de"),
      ("extension that is not there", "90 00 00 01 00 00 00 02 00 00 00 03 be de 00 01 00 00"),
      ("padding of nothing", "a0 00 00 01 00 00 00 02 00 00 00 03 00"),
      ("padding into the header", "a0 00 00 01 00 00 00 02 00 00 00 03 02"),
      ("padding that is the header", "a0 00 00 01 00 00 00 02 00 00 00 0c"),
    ])
  func refused(why: String, text: String) {
    withExact(octets(text)) { #expect(RTPPacket($0) == nil, "\(why)") }
  }

  @Test("1500 octets are taken, 1501 are not")
  func size() {
    let header = octets("80 00 00 01 00 00 00 02 00 00 00 03")
    withExact(header + [UInt8](repeating: 0, count: 1488)) {
      #expect(RTPPacket($0)?.payloadLength == 1488)
    }
    withExact(header + [UInt8](repeating: 0, count: 1489)) { #expect(RTPPacket($0) == nil) }
  }

  @Test("a packet cut at any length is refused or consistent, never a trap")
  func truncation() {
    for length in 0..<Self.full.count {
      withExact(Self.full, prefix: length) { check($0) }
    }
  }

  @Test("random octets behind a version of 2 are refused or consistent")
  func garbage() {
    var random = SeededRandom(seed: 6)
    for _ in 0..<20_000 {
      var bytes = random.octets(.random(in: 1...80, using: &random))
      bytes[0] = bytes[0] & 0x3F | 0x80
      if bytes.count > 14, Bool.random(using: &random) {
        let at = 12 + Int(bytes[0] & 15) * 4
        if at + 4 < bytes.count {
          bytes.replaceSubrange(
            at..<(at + 4), with: [0xBE, 0xDE, 0, .random(in: 0...8, using: &random)])
        }
      }
      withExact(bytes) { check($0) }
    }
  }

  private func check(_ bytes: UnsafeRawBufferPointer) {
    guard let packet = RTPPacket(bytes) else { return }
    #expect(packet.headerLength + packet.payloadLength + packet.paddingLength == bytes.count)
    #expect(packet.headerLength >= 12)
    for id in 0...255 {
      guard let range = packet.extensionRange(id: UInt8(id), in: bytes) else { continue }
      #expect(range.lowerBound > 16 && range.upperBound <= packet.headerLength)
    }
  }
}

@Suite struct RTPHeaderWriterTests {
  @Test("a header without extensions is twelve octets")
  func plain() throws {
    let bytes = try #require(
      written {
        var writer = RTPHeaderWriter(
          into: $0, payloadType: 111, marker: true, sequenceNumber: 0x1234, timestamp: 0x0001_0203,
          ssrc: SSRC(0xDEAD_BEEF))
        return writer?.finish()
      })
    #expect(bytes == octets("80 ef 12 34 00 01 02 03 de ad be ef"))
  }

  @Test("extensions are written in the order given and padded to a word")
  func extensions() throws {
    let tag = try #require(MediaIdentificationTag("video0"))
    var stamp: Int?
    let bytes = try #require(
      written { buffer in
        guard
          var writer = RTPHeaderWriter(
            into: buffer, payloadType: 96, marker: false, sequenceNumber: 1, timestamp: 2,
            ssrc: SSRC(3))
        else { return nil }
        writer.append(id: 4, mid: tag)
        stamp = writer.append(id: 3, transportSequence: 0)
        writer.append(id: 1, audioLevel: 5, voice: true)
        writer.append(id: 2, absoluteSendTime: 0x123456)
        guard let stamp else { return nil }
        buffer.setNetworkUInt16(0xBEEF, at: stamp)
        return writer.finish()
      })
    #expect(
      bytes
        == octets(
          """
          90 60 00 01 00 00 00 02 00 00 00 03  be de 00 04
          45 76 69 64 65 6f 30  31 be ef  10 85  22 12 34 56
          """))
    try withExact(bytes) {
      let packet = try #require(RTPPacket($0))
      #expect(packet.headerLength == bytes.count)
      #expect(packet.identificationTag(id: 4, in: $0) == tag)
      #expect(packet.transportSequence(id: 3, in: $0) == 0xBEEF)
      #expect(packet.absoluteSendTime(id: 2, in: $0) == 0x123456)
    }
    #expect(stamp == 24)
  }

  @Test("ids outside 1...14, empty values and values beyond 16 octets are not written")
  func invalid() throws {
    let bytes = try #require(
      written { buffer in
        guard
          var writer = RTPHeaderWriter(
            into: buffer, payloadType: 96, marker: false, sequenceNumber: 1, timestamp: 2,
            ssrc: SSRC(3))
        else { return nil }
        let long = [UInt8](repeating: 1, count: 17)
        #expect(writer.append(id: 0, transportSequence: 1) == nil)
        #expect(writer.append(id: 15, transportSequence: 1) == nil)
        #expect(long.withUnsafeBytes { writer.append(id: 1, bytes: $0) } == nil)
        #expect([].withUnsafeBytes { writer.append(id: 1, bytes: $0) } == nil)
        return writer.finish()
      })
    #expect(bytes.count == 12)
    #expect(MediaIdentificationTag("") == nil)
    #expect(MediaIdentificationTag("12345678901234567") == nil)
    #expect(MediaIdentificationTag("1234567890123456")?.text == "1234567890123456")
  }

  @Test("a writer stays within any buffer")
  func bounds() {
    for capacity in 0..<40 {
      var bytes = [UInt8](repeating: 0xA5, count: capacity + 8)
      let length: Int? = bytes.withUnsafeMutableBytes {
        guard
          var writer = RTPHeaderWriter(
            into: UnsafeMutableRawBufferPointer(rebasing: $0[0..<capacity]), payloadType: 96,
            marker: false, sequenceNumber: 1, timestamp: 2, ssrc: SSRC(3))
        else { return nil }
        writer.append(id: 3, transportSequence: 1)
        writer.append(id: 1, audioLevel: 5, voice: true)
        return writer.finish(originalSequenceNumber: 7)
      }
      if let length { #expect(length <= capacity) }
      #expect(bytes.suffix(8).allSatisfy { $0 == 0xA5 })
    }
  }

  @Test("a retransmission carries the original sequence number and is turned back into the packet")
  func retransmission() throws {
    let payload: [UInt8] = [9, 8, 7, 6, 5]
    var rtx = try #require(
      written { buffer in
        guard
          var writer = RTPHeaderWriter(
            into: buffer, payloadType: 97, marker: true, sequenceNumber: 500, timestamp: 77,
            ssrc: SSRC(2))
        else { return nil }
        writer.append(id: 3, transportSequence: 9)
        guard let start = writer.finish(originalSequenceNumber: 0xABCD) else { return nil }
        payload.withUnsafeBytes { buffer.setBytes($0, at: start) }
        return start + payload.count
      })
    // Padded, as probes are.
    rtx += [0, 0, 3]
    rtx[0] |= 0x20
    let original: [UInt8] = try rtx.withUnsafeMutableBytes { buffer in
      let packet = try #require(RTPPacket(UnsafeRawBufferPointer(buffer)))
      #expect(
        RetransmissionPayload.originalSequenceNumber(
          of: packet, in: UnsafeRawBufferPointer(buffer)) == 0xABCD)
      let length = try #require(
        RetransmissionPayload.restore(packet, in: buffer, payloadType: 96, ssrc: SSRC(1)))
      return Array(buffer.prefix(length))
    }
    try withExact(original) {
      let packet = try #require(RTPPacket($0))
      #expect(packet.sequenceNumber == 0xABCD)
      #expect(packet.payloadType == 96)
      #expect(packet.marker)
      #expect(packet.timestamp == 77)
      #expect(packet.ssrc == SSRC(1))
      #expect(packet.paddingLength == 0)
      #expect(packet.transportSequence(id: 3, in: $0) == 9)
      #expect(Array($0[packet.payloadRange]) == payload)
    }
  }

  @Test("a padding-only probe holds no packet")
  func probe() throws {
    var bytes = octets("a0 61 00 01 00 00 00 02 00 00 00 03") + [0, 0, 0, 4]
    try bytes.withUnsafeMutableBytes {
      let packet = try #require(RTPPacket(UnsafeRawBufferPointer($0)))
      #expect(
        RetransmissionPayload.restore(packet, in: $0, payloadType: 96, ssrc: SSRC(1)) == nil)
    }
  }

  @Test("abs-send-time is 6.18 fixed point, modulo 64 s")
  func absoluteSendTime() {
    #expect(MediaInstant(nanoseconds: 1_000_000_000).absoluteSendTime == 1 << 18)
    #expect(MediaInstant(nanoseconds: 500_000_000).absoluteSendTime == 1 << 17)
    #expect(MediaInstant(nanoseconds: 65_000_000_000).absoluteSendTime == 1 << 18)
    #expect(MediaInstant(nanoseconds: 63_999_999_999).absoluteSendTime == 0xFF_FFFF)
  }
}

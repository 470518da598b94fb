import Testing

@testable import Wire

/// All packets of a datagram, each described so that it outlives the octets.
func rtcpPackets(_ bytes: [UInt8], _ body: (RTCPPacket) throws -> Void) rethrows {
  try withExact(bytes) {
    guard var compound = RTCPCompound($0) else { return }
    while let packet = compound.next() { try body(packet) }
  }
}

@Suite struct RTCPReportTests {
  static let senderReport = octets(
    """
    81 c8 00 0c  11 22 33 44                # one block, 13 words, sender
    b4 4d b7 05  20 00 00 00                # NTP
    00 00 a0 00  00 00 00 64  00 00 27 10   # RTP timestamp, 100 packets, 10000 octets
    aa bb cc dd  40 ff ff fe                # a quarter lost, -2 cumulative
    00 01 00 05  00 00 00 0a  b7 05 20 00  00 05 40 00
    """)

  @Test("a sender report with a block is read, the cumulative loss is signed")
  func readsSenderReport() {
    var seen = 0
    rtcpPackets(Self.senderReport) {
      guard case .senderReport(let report, let blocks) = $0 else {
        Issue.record("another packet")
        return
      }
      seen += 1
      #expect(report.sender == SSRC(0x1122_3344))
      #expect(report.ntp.middle32 == 0xB705_2000)
      #expect(report.rtpTimestamp == 40_960)
      #expect(report.packetCount == 100)
      #expect(report.octetCount == 10_000)
      #expect(blocks.count == 1)
      var iterator = blocks
      guard let block = iterator.next() else { return }
      #expect(
        block
          == ReportBlock(
            ssrc: SSRC(0xAABB_CCDD), fractionLost: 64, cumulativeLost: -2,
            extendedHighest: 0x0001_0005, jitter: 10, lastSR: 0xB705_2000,
            delaySinceLastSR: 0x0005_4000))
      #expect(iterator.next() == nil)
      #expect(written { report.write(blocks: [block], into: $0) } == Self.senderReport)
    }
    #expect(seen == 1)
  }

  @Test("a receiver report of no and of 31 blocks goes out and in")
  func receiverReport() throws {
    var random = SeededRandom(seed: 7)
    for count in [0, 1, 31] {
      let blocks = (0..<count).map { _ in
        ReportBlock(
          ssrc: SSRC(UInt32.random(in: .min ... .max, using: &random)),
          fractionLost: .random(in: 0...255, using: &random),
          cumulativeLost: .random(in: -0x80_0000...0x7F_FFFF, using: &random),
          extendedHighest: .random(in: .min ... .max, using: &random),
          jitter: .random(in: .min ... .max, using: &random),
          lastSR: .random(in: .min ... .max, using: &random),
          delaySinceLastSR: .random(in: .min ... .max, using: &random))
      }
      let report = ReceiverReport(sender: SSRC(5), blocks: blocks)
      let bytes = try #require(written { report.write(into: $0) })
      #expect(bytes.count == 8 + 24 * count)
      try withExact(bytes) {
        var compound = try #require(RTCPCompound($0))
        guard case .receiverReport(let sender, let read) = compound.next() else {
          Issue.record("another packet")
          return
        }
        #expect(sender == SSRC(5))
        #expect(Array(read) == blocks)
        #expect(compound.next() == nil)
      }
    }
    let tooMany = ReceiverReport(
      sender: SSRC(5),
      blocks: Array(
        repeating: ReportBlock(
          ssrc: SSRC(1), fractionLost: 0, cumulativeLost: 0, extendedHighest: 0, jitter: 0,
          lastSR: 0, delaySinceLastSR: 0), count: 32))
    #expect(written { tooMany.write(into: $0) } == nil)
  }

  @Test("cumulative loss beyond 24 bits saturates")
  func saturation() throws {
    for (lost, expected) in [(Int32.max, Int32(0x7F_FFFF)), (.min, -0x80_0000)] {
      let report = ReceiverReport(
        sender: SSRC(5),
        blocks: [
          ReportBlock(
            ssrc: SSRC(1), fractionLost: 0, cumulativeLost: lost, extendedHighest: 0, jitter: 0,
            lastSR: 0, delaySinceLastSR: 0)
        ])
      let bytes = try #require(written { report.write(into: $0) })
      rtcpPackets(bytes) {
        if case .receiverReport(_, let blocks) = $0 {
          for block in blocks { #expect(block.cumulativeLost == expected) }
        }
      }
    }
  }

  @Test("CNAMEs are written and read with any length, padded with zeros")
  func sourceDescription() throws {
    for length in 1...255 {
      let cname = String(repeating: "c", count: length)
      let bytes = try #require(
        written { SourceDescription.write(ssrc: SSRC(9), cname: cname, into: $0) })
      #expect(bytes.count % 4 == 0)
      #expect(bytes.last == 0)
      var seen: [(SSRC, String?)] = []
      rtcpPackets(bytes) {
        if case .sourceDescription(let description) = $0 {
          description.forEachSource { ssrc, name in
            seen.append((ssrc, name.map { String(decoding: $0, as: UTF8.self) }))
          }
        }
      }
      #expect(seen.count == 1)
      #expect(seen.first?.0 == SSRC(9))
      #expect(seen.first?.1 == cname)
    }
    #expect(written { SourceDescription.write(ssrc: SSRC(9), cname: "", into: $0) } == nil)
  }

  @Test("several chunks and items other than CNAME are walked")
  func sourceDescriptionChunks() {
    let bytes = octets(
      """
      83 ca 00 08
      00 00 00 01  01 01 61 00               # CNAME "a"
      00 00 00 02  00 00 00 00               # no items
      00 00 00 03  02 01 4e  01 02 62 63  00 00 00 00 00  # NAME "N", CNAME "bc"
      """)
    var seen: [(UInt32, String?)] = []
    rtcpPackets(bytes) {
      if case .sourceDescription(let description) = $0 {
        description.forEachSource { ssrc, name in
          seen.append((ssrc.rawValue, name.map { String(decoding: $0, as: UTF8.self) }))
        }
      }
    }
    #expect(seen.map(\.0) == [1, 2, 3])
    #expect(seen.map(\.1) == ["a", nil, "bc"])
  }

  @Test("a BYE names its sources, a reason is left alone")
  func goodbye() throws {
    let bytes = octets("82 cb 00 04  00 00 00 01  00 00 00 02  05 68 65 6c 6c 6f 00 00")
    var seen: [SSRC] = []
    rtcpPackets(bytes) { if case .goodbye(let goodbye) = $0 { seen = Array(goodbye) } }
    #expect(seen == [SSRC(1), SSRC(2)])
    let written = written { Goodbye.write([SSRC(1), SSRC(2)], into: $0) }
    #expect(written == octets("82 cb 00 02  00 00 00 01  00 00 00 02"))
  }

  @Test("reference time and delay blocks of an extended report are read past unknown ones")
  func extendedReport() throws {
    let ntp = NTPTimestamp(rawValue: 0xB44D_B705_2000_0000)
    let bytes = octets(
      """
      80 cf 00 0d  00 00 00 09
      01 00 00 01  ff ff ff ff                            # loss RLE, not read
      04 00 00 02  b4 4d b7 05  20 00 00 00
      05 00 00 06  00 00 00 01  b7 05 20 00  00 05 40 00
                   00 00 00 02  00 00 00 03  00 00 00 04
      """)
    var seen: [ExtendedReport.Block] = []
    rtcpPackets(bytes) {
      if case .extendedReport(let report) = $0 {
        #expect(report.sender == SSRC(9))
        seen = Array(report)
      }
    }
    let expected: [ExtendedReport.Block] = [
      .receiverReferenceTime(ntp),
      .delaySinceLastReceiverReport(ssrc: SSRC(1), lastRR: 0xB705_2000, delay: 0x0005_4000),
      .delaySinceLastReceiverReport(ssrc: SSRC(2), lastRR: 3, delay: 4),
    ]
    #expect(seen == expected)
    for block in expected {
      let bytes = try #require(
        written { ExtendedReport.write(sender: SSRC(9), block: block, into: $0) })
      var again: [ExtendedReport.Block] = []
      rtcpPackets(bytes) { if case .extendedReport(let report) = $0 { again = Array(report) } }
      #expect(again == [block])
    }
  }
}

@Suite struct RTCPFeedbackTests {
  @Test("a generic NACK names its numbers over the wrap")
  func readsNACK() {
    let bytes = octets("81 cd 00 04  00 00 00 01  00 00 00 02  ff fe 80 05  00 64 00 00")
    var seen: [UInt16] = []
    rtcpPackets(bytes) {
      if case .nack(let nack) = $0 {
        #expect(nack.sender == SSRC(1))
        #expect(nack.media == SSRC(2))
        seen = Array(nack)
      }
    }
    // PID, then bits 0, 2 and 15.
    #expect(seen == [0xFFFE, 0xFFFF, 1, 14, 100])
  }

  @Test("sequence numbers in ascending order come back from the NACK written of them")
  func writesNACK() throws {
    var random = SeededRandom(seed: 8)
    for _ in 0..<500 {
      var number = UInt16.random(in: .min ... .max, using: &random)
      let numbers = (0..<Int.random(in: 1...60, using: &random)).map { _ in
        number &+= .random(in: 1...30, using: &random)
        return number
      }
      var count = 0
      let bytes = try #require(
        written {
          let result = GenericNACK.write(
            sender: SSRC(1), media: SSRC(2), sequenceNumbers: numbers, into: $0)
          count = result?.count ?? 0
          return result?.length
        })
      #expect(count == numbers.count)
      var seen: [UInt16] = []
      rtcpPackets(bytes) { if case .nack(let nack) = $0 { seen = Array(nack) } }
      #expect(seen == numbers)
    }
  }

  @Test("a NACK takes as many numbers as the buffer holds and says how many")
  func nackBounds() throws {
    let numbers = (0..<10).map { UInt16($0 * 100) }
    var count = 0
    let bytes = try #require(
      written(capacity: 12 + 3 * 4 + 2) {
        let result = GenericNACK.write(
          sender: SSRC(1), media: SSRC(2), sequenceNumbers: numbers, into: $0)
        count = result?.count ?? 0
        return result?.length
      })
    #expect(count == 3)
    var seen: [UInt16] = []
    rtcpPackets(bytes) { if case .nack(let nack) = $0 { seen = Array(nack) } }
    #expect(seen == [0, 100, 200])
    #expect(
      written(capacity: 15) {
        GenericNACK.write(sender: SSRC(1), media: SSRC(2), sequenceNumbers: numbers, into: $0)?
          .length
      } == nil)
  }

  @Test("PLI and FIR")
  func keyframeRequests() throws {
    let pli = PictureLossIndication(sender: SSRC(1), media: SSRC(2))
    let bytes = try #require(written { pli.write(into: $0) })
    #expect(bytes == octets("81 ce 00 02  00 00 00 01  00 00 00 02"))
    rtcpPackets(bytes) {
      if case .pictureLossIndication(let read) = $0 {
        #expect(read == pli)
      } else {
        Issue.record("another packet")
      }
    }
    let entry = FullIntraRequest.Entry(ssrc: SSRC(7), sequenceNumber: 200)
    let fir = try #require(
      written { FullIntraRequest.write(sender: SSRC(1), entry: entry, into: $0) })
    #expect(fir == octets("84 ce 00 04  00 00 00 01  00 00 00 00  00 00 00 07  c8 00 00 00"))
    rtcpPackets(fir) {
      if case .fullIntraRequest(let read) = $0 {
        #expect(Array(read) == [entry])
      } else {
        Issue.record("another packet")
      }
    }
  }

  @Test("REMB is read, and written to 18 significant bits")
  func remb() throws {
    // 6 << 18 | 0x1e848 = 128000 << 6... a mantissa of 125000 with exponent 3: 1 Mbit/s.
    let bytes = octets(
      """
      8f ce 00 05  00 00 00 01  00 00 00 00  52 45 4d 42  01 0d e8 48  00 00 00 07
      """)
    rtcpPackets(bytes) {
      if case .remb(let read) = $0 {
        #expect(read.bitrate == 1_000_000)
        #expect(Array(read) == [SSRC(7)])
      } else {
        Issue.record("another packet")
      }
    }
    for bitrate in [0, 1, 0x3_FFFF, 0x4_0000, 2_500_000, 0x1234_5678_9ABC, .max] as [UInt64] {
      let again = try #require(
        written {
          ReceiverEstimatedMaximumBitrate.write(
            sender: SSRC(1), bitrate: bitrate, sources: [SSRC(7), SSRC(8)], into: $0)
        })
      rtcpPackets(again) {
        if case .remb(let read) = $0 {
          #expect(read.bitrate <= bitrate)
          #expect(bitrate - read.bitrate <= bitrate >> 17)
          #expect(Array(read) == [SSRC(7), SSRC(8)])
        }
      }
    }
    // An exponent beyond 64 bits is a very large number, not a trap.
    var huge = bytes
    huge[17] = 0xFF
    rtcpPackets(huge) { if case .remb(let read) = $0 { #expect(read.bitrate == .max) } }
    // Another application's message of the same format.
    var other = bytes
    other[12] = 0x41
    rtcpPackets(other) {
      guard case .unknown(packetType: 206, format: 15) = $0 else {
        Issue.record("not unknown")
        return
      }
    }
  }

  @Test("a compound is walked to its end, over what is unknown")
  func compound() throws {
    let pli = octets("81 ce 00 02  00 00 00 01  00 00 00 02")
    let application = octets("80 cc 00 02  00 00 00 01  61 62 63 64")
    var kinds: [String] = []
    rtcpPackets(RTCPReportTests.senderReport + application + pli) {
      switch $0 {
      case .senderReport: kinds.append("SR")
      case .unknown(let type, let format): kinds.append("\(type)/\(format)")
      case .pictureLossIndication: kinds.append("PLI")
      default: kinds.append("?")
      }
    }
    #expect(kinds == ["SR", "204/0", "PLI"])
  }

  @Test("padding is taken off, padding of nothing or beyond the packet is malformed")
  func padding() {
    let padded = octets("a1 ce 00 03  00 00 00 01  00 00 00 02  00 00 00 04")
    rtcpPackets(padded) {
      guard case .pictureLossIndication = $0 else {
        Issue.record("not read")
        return
      }
    }
    for wrong: UInt8 in [0, 13, 255] {
      var bytes = padded
      bytes[15] = wrong
      rtcpPackets(bytes) {
        guard case .malformed = $0 else {
          Issue.record("\(wrong) octets of padding were taken")
          return
        }
      }
    }
  }

  @Test("what follows a wrong header is not looked at")
  func wrongHeader() {
    let pli = octets("81 ce 00 02  00 00 00 01  00 00 00 02")
    for wrong in [octets("01 ce 00 02"), octets("81 ce 00 09"), octets("81 ce")] {
      var count = 0
      var malformed = 0
      rtcpPackets(pli + wrong) {
        count += 1
        if case .malformed = $0 { malformed += 1 }
      }
      #expect(count == 2)
      #expect(malformed == 1)
    }
    for none in [octets("80 7f 00 00"), octets("00 c8 00 00"), octets("80 c8 00 01"), [], [0x80]] {
      withExact(none) { #expect(RTCPCompound($0) == nil) }
    }
  }

  @Test("counts that the packet cannot hold are malformed")
  func overclaimed() {
    for (text, why) in [
      ("82 c8 00 06 0000000000000000000000000000000000000000 00000000", "SR blocks"),
      ("81 c9 00 01 00000000", "RR blocks"), ("80 c9 00 00", "RR without a sender"),
      ("82 cb 00 01 00000001", "BYE sources"), ("81 ca 00 00", "SDES chunks"),
      ("81 ca 00 02 00000001 01ff6161", "SDES item"), ("81 ca 00 02 00000001 01026161", "SDES end"),
      ("81 cd 00 02 00000001 00000002", "NACK entries"), ("81 ce 00 01 00000001", "PLI"),
      ("84 ce 00 02 00000001 00000000", "FIR entries"),
      ("8f ce 00 04 00000001 00000000 52454d42 02000000", "REMB sources"),
      ("80 cf 00 02 00000001 04000002", "XR block"),
      ("8f cd 00 04 00000001 00000002 00010001 00000000", "feedback chunks"),
    ] {
      rtcpPackets(octets(text)) {
        guard case .malformed = $0 else {
          Issue.record("\(why) taken")
          return
        }
      }
    }
  }

  @Test("cut at any length, packets are malformed or consistent")
  func truncation() {
    let pieces = [
      RTCPReportTests.senderReport,
      octets("81 cd 00 04  00 00 00 01  00 00 00 02  ff fe 80 05  00 64 00 00"),
      octets("8f ce 00 05  00 00 00 01  00 00 00 00  52 45 4d 42  01 0d e8 48  00 00 00 07"),
      octets("82 ca 00 04  00 00 00 01  01 01 61 00  00 00 00 02  00 00 00 00"),
    ]
    let whole = pieces.flatMap { $0 }
    for length in 0...whole.count { exerciseRTCP(Array(whole.prefix(length))) }
    for piece in pieces {
      // With a length field that claims to fit.
      for words in 1...(piece.count / 4) {
        var cut = Array(piece.prefix(words * 4))
        cut[3] = UInt8(words - 1)
        exerciseRTCP(cut)
      }
    }
  }

  @Test("random octets under every packet type and format never trap")
  func garbage() {
    var random = SeededRandom(seed: 11)
    for type in 200...207 {
      for _ in 0..<4000 {
        let words = Int.random(in: 1...16, using: &random)
        var bytes = random.octets(words * 4)
        bytes[0] = bytes[0] & 0x3F | 0x80
        bytes[1] = UInt8(type)
        bytes[2] = 0
        bytes[3] = UInt8(words - 1)
        if Bool.random(using: &random) {
          for i in bytes.indices.dropFirst(12) { bytes[i] &= 0x0F }
        }
        exerciseRTCP(bytes)
      }
    }
  }
}

/// Reads all that a datagram holds.
func exerciseRTCP(_ bytes: [UInt8]) {
  rtcpPackets(bytes) {
    switch $0 {
    case .senderReport(_, let blocks): for block in blocks { _ = block.jitter }
    case .receiverReport(_, let blocks): for block in blocks { _ = block.jitter }
    case .sourceDescription(let description): description.forEachSource { _, _ in }
    case .goodbye(let goodbye): for _ in goodbye {}
    case .nack(let nack): for _ in nack {}
    case .fullIntraRequest(let request): for _ in request {}
    case .remb(let remb): for _ in remb {}
    case .transportFeedback(let feedback):
      var count = 0
      for _ in feedback { count += 1 }
      #expect(count == Int(feedback.statusCount))
    case .extendedReport(let report): for _ in report {}
    case .pictureLossIndication, .unknown, .malformed: break
    }
  }
}

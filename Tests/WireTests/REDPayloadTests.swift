import Testing
import Wire

@Suite("Redundant audio (RFC 2198)")
struct REDPayloadTests {
  /// A primary of three octets behind two redundant blocks of 40 and 20 ms before.
  private static let two = octets("ef 1e 00 02  ef 0f 00 01  6f  a1 a2  b1  c1 c2 c3")

  @Test("The example of RFC 2198 section 6: LPC repeated before DVI4")
  func example() throws {
    // Timestamp offset 160, 14 octets of payload type 7; the primary is payload type 5.
    var bytes = octets("87 02 80 0e 05")
    bytes += [UInt8](repeating: 0x11, count: 14)
    bytes += [UInt8](repeating: 0x22, count: 84)
    try bytes.withUnsafeBytes { bytes in
      let red = try #require(REDPayload(bytes))
      #expect(red.redundantCount == 1 && red.primaryType == 5 && !red.isUniform)
      #expect(red.primary == 19..<103)
      #expect(red.span == 160)
      let block = try #require(red.redundantBlock(0, in: bytes))
      #expect(block.payloadType == 7 && block.timestampOffset == 160 && block.range == 5..<19)
      #expect(red.redundantBlock(1, in: bytes) == nil)
      #expect(red.redundantBlock(-1, in: bytes) == nil)
    }
  }

  @Test("Blocks follow each other in the order of their headers, the oldest first")
  func blocks() throws {
    try Self.two.withUnsafeBytes { bytes in
      let red = try #require(REDPayload(bytes))
      #expect(red.redundantCount == 2 && red.isUniform && red.span == 1920)
      #expect(bytes[red.primary].elementsEqual([0xC1, 0xC2, 0xC3]))
      let blocks = try (0..<2).map { try #require(red.redundantBlock($0, in: bytes)) }
      #expect(blocks.map(\.timestampOffset) == [1920, 960])
      #expect(bytes[blocks[0].range].elementsEqual([0xA1, 0xA2]))
      #expect(bytes[blocks[1].range].elementsEqual([0xB1]))
    }
  }

  @Test("A primary alone has a header of one octet")
  func alone() throws {
    try octets("6f c1").withUnsafeBytes { bytes in
      let red = try #require(REDPayload(bytes))
      #expect(red.redundantCount == 0 && red.span == 0 && red.isUniform)
      #expect(red.primary == 1..<2)
    }
  }

  @Test("Block types are rewritten in the headers and nowhere else")
  func types() throws {
    var bytes = Self.two
    bytes.withUnsafeMutableBytes { REDPayload.setBlockType(96, in: $0) }
    var expected = Self.two
    for i in [0, 4] { expected[i] = 0x80 | 96 }
    expected[8] = 96
    #expect(bytes == expected)
  }

  @Test("Cut anywhere, a packet is refused or has a shorter primary; nothing reaches beyond it")
  func cut() {
    for count in 0..<Self.two.count {
      Self.two[..<count].withUnsafeBytes { bytes in
        guard let red = REDPayload(bytes) else {
          #expect(count <= 12)
          return
        }
        #expect(count > 12 && red.primary == 12..<count)
      }
    }
  }

  @Test("Lengths that lie, endless headers and an empty primary are refused")
  func lies() {
    var tooMany: [UInt8] = []
    for _ in 0..<17 { tooMany += octets("ef 00 00 00") }
    tooMany += [111, 1]
    let endless = [UInt8](repeating: 0xEF, count: 1400)
    let short = [
      "", "6f", "ef", "ef 00 00 00", "ef 00 00 00 6f", "ef 0f 03 ff 6f 01 02 03",
      "ef 00 00 01 6f 01",
    ].map { octets($0) }
    for bytes in short + [endless, tooMany] {
      bytes.withUnsafeBytes { #expect(REDPayload($0) == nil) }
    }
  }

  @Test("Random octets never trap, and what they describe lies within them", arguments: 0..<8)
  func random(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<2000 {
      let count = Int(random.next() % 64)
      var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
      // Short blocks, so that some are taken.
      for i in stride(from: 2, to: count, by: 4) { bytes[i] &= 0xFC }
      bytes.withUnsafeBytes { bytes in
        guard let red = REDPayload(bytes) else { return }
        #expect(red.primary.upperBound == count && !red.primary.isEmpty)
        var end = red.redundantCount * 4 + 1
        for i in 0..<red.redundantCount {
          let block = red.redundantBlock(i, in: bytes)
          #expect(block?.range.lowerBound == end)
          end = block?.range.upperBound ?? -1
        }
        #expect(end == red.primary.lowerBound)
      }
      bytes.withUnsafeMutableBytes { REDPayload.setBlockType(1, in: $0) }
    }
  }
}

import Testing
import Wire

@Suite struct VP8DescriptorTests {
  @Test("a descriptor of one octet has no picture id")
  func minimal() throws {
    try withExact(octets("10 01 00")) {
      let vp8 = try #require(VP8Descriptor($0))
      #expect(vp8.length == 1)
      #expect(vp8.startsFrame)
      #expect(!vp8.isKeyframeStart)
      #expect(vp8.pictureID == nil)
      #expect(vp8.tl0PicIdx == nil)
      #expect(vp8.temporalID == nil)
      #expect(vp8.keyIndex == nil)
    }
  }

  @Test("all fields with a picture id of 15 bits, at the start of a keyframe")
  func full() throws {
    // X S; I L T K; picture id 0x1234; TL0PICIDX 0x56; TID 2, Y, KEYIDX 9; keyframe 640x480.
    let bytes = octets("90 f0 92 34 56 a9  10 02 00 9d 01 2a 80 02 e0 41")
    try withExact(bytes) {
      let vp8 = try #require(VP8Descriptor($0))
      #expect(vp8.length == 6)
      #expect(vp8.pictureID == 0x1234)
      #expect(vp8.is15Bit)
      #expect(vp8.tl0PicIdx == 0x56)
      #expect(vp8.temporalID == 2)
      #expect(vp8.layerSync)
      #expect(vp8.keyIndex == 9)
      #expect(vp8.isKeyframeStart)
      // The upper two bits of the height are its scale.
      #expect(vp8.frameSize == VP8Descriptor.FrameSize(width: 640, height: 480))
    }
  }

  @Test("a picture id of 7 bits is read and rewritten in 7 bits")
  func sevenBits() throws {
    var bytes = octets("b0 80 7f 01")
    let vp8 = try #require(withExact(bytes) { VP8Descriptor($0) })
    #expect(vp8.pictureID == 0x7F)
    #expect(!vp8.is15Bit)
    #expect(vp8.nonReference)
    bytes.withUnsafeMutableBytes { vp8.setPictureID(0x1285, in: $0) }
    #expect(bytes == octets("b0 80 05 01"))
  }

  @Test("a picture id of 15 bits and TL0PICIDX are rewritten in place, nothing else changes")
  func rewrite() throws {
    var bytes = octets("90 e0 80 00 ff 40  01 aa")
    let vp8 = try #require(withExact(bytes) { VP8Descriptor($0) })
    #expect(vp8.pictureID == 0)
    bytes.withUnsafeMutableBytes {
      vp8.setPictureID(0xFFFF, in: $0)
      vp8.setTL0PicIdx(0x12, in: $0)
    }
    #expect(bytes == octets("90 e0 ff ff 12 40  01 aa"))
    let again = try #require(withExact(bytes) { VP8Descriptor($0) })
    #expect(again.pictureID == 0x7FFF)
    #expect(again.tl0PicIdx == 0x12)
    #expect(again.temporalID == 1)
  }

  @Test("rewriting what is not there changes nothing")
  func rewriteNothing() throws {
    var bytes = octets("90 00 01")
    let vp8 = try #require(withExact(bytes) { VP8Descriptor($0) })
    bytes.withUnsafeMutableBytes {
      vp8.setPictureID(1, in: $0)
      vp8.setTL0PicIdx(1, in: $0)
    }
    #expect(bytes == octets("90 00 01"))
    var short: [UInt8] = [0]
    let other = try #require(withExact(octets("90 c0 01 02 03")) { VP8Descriptor($0) })
    short.withUnsafeMutableBytes {
      other.setPictureID(1, in: $0)
      other.setTL0PicIdx(1, in: $0)
    }
    #expect(short == [0])
  }

  @Test("only the start of partition 0 with a clear P bit is a keyframe")
  func keyframes() {
    for (text, isKeyframe) in [
      ("10 00", true), ("10 01", false), ("00 00", false), ("11 00", false), ("90 80 01 00", true),
      ("90 80 01 01", false),
    ] {
      withExact(octets(text)) { #expect(VP8Descriptor($0)?.isKeyframeStart == isKeyframe) }
    }
  }

  @Test("a keyframe's first packet that is short or has another start code has no size")
  func noSize() throws {
    for text in ["10 00 00 00 9d 01 2a 80 02 e0", "10 00 00 00 9d 01 2b 80 02 e0 01"] {
      try withExact(octets(text)) {
        let vp8 = try #require(VP8Descriptor($0))
        #expect(vp8.isKeyframeStart)
        #expect(vp8.frameSize == nil)
      }
    }
  }

  @Test("T and K share an octet that either of them brings")
  func sharedOctet() throws {
    try withExact(octets("80 10 25 00")) {
      let vp8 = try #require(VP8Descriptor($0))
      #expect(vp8.length == 3)
      #expect(vp8.keyIndex == 5)
      #expect(vp8.temporalID == nil)
      #expect(!vp8.layerSync)
    }
    try withExact(octets("80 20 e5 00")) {
      let vp8 = try #require(VP8Descriptor($0))
      #expect(vp8.keyIndex == nil)
      #expect(vp8.temporalID == 3)
      #expect(vp8.layerSync)
    }
  }

  @Test("cut at any length it is refused, or has a payload behind it")
  func truncation() {
    let bytes = octets("90 f0 92 34 56 a9  10 02 00 9d 01 2a 80 02 e0 41")
    for length in 0..<bytes.count {
      withExact(bytes, prefix: length) { #expect((VP8Descriptor($0) != nil) == (length > 6)) }
    }
    var random = SeededRandom(seed: 12)
    for _ in 0..<20_000 {
      let bytes = random.octets(.random(in: 0...12, using: &random))
      withExact(bytes) {
        if let vp8 = VP8Descriptor($0) { #expect(vp8.length < bytes.count) }
      }
    }
  }
}

@Suite struct H264PayloadTests {
  @Test(
    "IDR and SPS start a keyframe, alone, aggregated or fragmented",
    arguments: [
      ("65 88", true),  // IDR
      ("67 42", true),  // SPS
      ("68 ce", false),  // PPS
      ("61 9a", false),  // non-IDR
      ("78 00 02 67 42 00 02 68 ce", true),  // STAP-A: SPS, PPS
      ("78 00 02 68 ce 00 02 65 88", true),  // STAP-A: PPS, IDR
      ("78 00 02 68 ce 00 02 61 88", false),
      ("78 00 09 67 42", false),  // longer than the payload
      ("78 00 00 67 42", false),  // a unit of nothing
      ("78", false),
      ("7c 85 88", true),  // FU-A, start, IDR
      ("7c 05 88", false),  // FU-A, middle
      ("7c 45 88", false),  // FU-A, end
      ("7c 81 9a", false),  // FU-A, start, non-IDR
      ("7c", false),
      ("", false),
    ])
  func keyframes(text: String, starts: Bool) {
    withExact(octets(text)) { #expect(H264Payload.startsKeyframe($0) == starts) }
  }
}

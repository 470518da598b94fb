import COpus
import Testing
import Transcoding
import Wire

@Suite struct OpusPacketTests {
  @Test("framing is read as libopus reads it, whatever the octets")
  func agreesWithLibrary() {
    var random = SeededRandom(seed: 11)
    var valid = 0
    for _ in 0..<50_000 {
      var octets = (0..<Int(random.next() % 24)).map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
      // Small lengths and counts, so that many are packets.
      if octets.count > 2, random.next() & 1 == 0 {
        octets[1] &= 0xC7
        octets[2] &= 7
      }
      var sizes = [Int16](repeating: 0, count: 48)
      let frames =
        octets.isEmpty
        ? -1 : Int(opus_packet_parse(octets, Int32(octets.count), nil, nil, &sizes, nil))
      let packet = octets.read { OpusPacket($0) }
      guard frames > 0 else {
        #expect(packet == nil, "\(octets)")
        continue
      }
      valid += 1
      #expect(packet?.frameCount == frames, "\(octets)")
      #expect(
        packet?.sampleCount == Int(opus_packet_get_nb_samples(octets, Int32(octets.count), 48_000)))
      #expect(packet?.isStereo == (opus_packet_get_nb_channels(octets) == 2))
    }
    #expect(valid > 5_000)
  }
}

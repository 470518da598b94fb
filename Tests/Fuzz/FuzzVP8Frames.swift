// modules: Wire
// system: CVPX COpus CPNG
// sources: Sources/Transcoding/*.swift
// limit: 4000
import Wire

/// Takes the input as a run of RTP payloads of VP8, each behind three octets that say its sequence number, timestamp,
/// marker and length; puts frames together and decodes them. What comes out must be whole: its octets are those that
/// went in, in the order of their numbers.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzVP8Frames(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  var assembler = VP8FrameAssembler(limits: .init(packets: 64, octets: 2048))
  guard let decoder = try? VP8Decoder(maximumPixels: 256 * 256) else {
    preconditionFailure("no decoder")
  }
  var at = 0
  var now = MediaInstant(nanoseconds: 0)
  var inserted = 0
  var taken = 0
  while at + 3 <= count {
    let head = bytes[at]
    let length = min(Int(bytes[at + 2]), count - at - 3)
    let payload = UnsafeRawBufferPointer(rebasing: bytes[(at + 3)..<(at + 3 + length)])
    assembler.insert(
      sequenceNumber: UInt16(bytes[at + 1]) &+ 65_400, timestamp: UInt32(head & 0x3F) &* 3000,
      marker: head & 0x80 != 0, payload: payload, now: now)
    inserted += length
    at += 3 + length
    if head & 0x40 != 0 { now += .milliseconds(250) }
    while let frame = assembler.next(now: now) {
      precondition(!frame.octets.isEmpty, "an empty frame")
      taken += frame.octets.count
      frame.octets.withUnsafeBytes { octets in
        if let picture = try? decoder.decode(octets) {
          precondition(picture.width * picture.height <= 256 * 256, "a picture that is too large")
        }
      }
    }
  }
  precondition(taken <= inserted, "octets from nowhere")
  let counters = decoder.counters
  precondition(
    counters.malformed + counters.tooLarge + counters.withoutReference <= counters.frames)
  return 0
}

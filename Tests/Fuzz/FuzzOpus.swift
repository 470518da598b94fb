// modules: Wire
// system: CVPX COpus CPNG
// sources: Sources/Transcoding/*.swift
// limit: 1500
import COpus
import Wire

/// Reads the input as the framing of an Opus packet, which has to agree with libopus; then decodes it, behind a jitter
/// buffer and as the redundancy for a lost packet.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOpus(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  let packet = OpusPacket(bytes)
  if let data, count > 0 {
    var sizes = [Int16](repeating: 0, count: 48)
    let frames = opus_packet_parse(data, Int32(count), nil, nil, &sizes, nil)
    precondition((packet != nil) == (frames > 0), "we and libopus do not agree")
    if let packet {
      precondition(packet.frameCount == Int(frames))
      precondition(
        packet.sampleCount == Int(opus_packet_get_nb_samples(data, Int32(count), 48_000)))
    }
  }
  guard let decoder = try? OpusDecoder(channels: 1 + count % 2) else {
    preconditionFailure("no decoder")
  }
  var buffer = AudioJitterBuffer(limits: .init(packets: 8))
  for i in 0..<4 where i != 2 {
    buffer.insert(
      sequenceNumber: UInt16(i), timestamp: UInt32(i * (packet?.sampleCount ?? 960)),
      payload: bytes, now: MediaInstant(nanoseconds: Int64(i) * 20_000_000))
  }
  var steps = 0
  while let step = buffer.next(now: MediaInstant(nanoseconds: 1_000_000_000)) {
    steps += 1
    precondition(steps < 1000, "steps without end")
    switch step {
    case .decode(let octets, _), .skip(let octets, _):
      let samples = octets.withUnsafeBytes { try? decoder.decode($0) }
      if let samples, let packet {
        precondition(samples.count == packet.sampleCount * decoder.channels)
      }
    case .recover(let octets, let samples, _):
      _ = octets.withUnsafeBytes { try? decoder.recover(before: $0, sampleCount: samples) }
    case .conceal(let samples, _), .silence(let samples, _), .stretch(let samples, _):
      _ = try? decoder.conceal(sampleCount: samples)
    }
  }
  return 0
}

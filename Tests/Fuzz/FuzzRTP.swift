// modules: Wire
// limit: 1501
import Wire

/// Parses the input as RTP, looks up every extension, reads the payload as VP8 and H.264, rewrites
/// it in place, writes a new header from what was read and restores it as a retransmission.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRTP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  guard let packet = RTPPacket(bytes) else { return 0 }
  precondition(packet.length == count)
  var room = 16
  for id in UInt8.min ... .max {
    guard let range = packet.extensionRange(id: id, in: bytes) else { continue }
    precondition(range.upperBound <= packet.headerLength)
    for i in range { room &+= Int(bytes[i]) & 1 }
  }
  rewritePayload(packet, bytes)
  writeHeader(packet, bytes)

  let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { copy.deallocate() }
  copy.copyMemory(from: bytes)
  if let length = RetransmissionPayload.restore(packet, in: copy, payloadType: 96, ssrc: SSRC(1)) {
    let restored = RTPPacket(UnsafeRawBufferPointer(rebasing: copy[0..<length]))
    precondition(restored?.payloadLength == packet.payloadLength - 2)
    precondition(restored?.ssrc == SSRC(1) && restored?.payloadType == 96)
  }
  return 0
}

private func rewritePayload(_ packet: RTPPacket, _ bytes: UnsafeRawBufferPointer) {
  let length = packet.payloadLength
  let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 1)
  defer { payload.deallocate() }
  payload.copyBytes(from: bytes[packet.payloadRange])
  let view = UnsafeRawBufferPointer(payload)
  _ = H264Payload.startsKeyframe(view)
  guard let vp8 = VP8Descriptor(view) else { return }
  precondition(vp8.length < length)
  vp8.setPictureID(0x4321, in: payload)
  vp8.setTL0PicIdx(0x65, in: payload)
  guard let again = VP8Descriptor(view) else {
    preconditionFailure("rewriting broke the descriptor")
  }
  precondition(again.length == vp8.length && again.is15Bit == vp8.is15Bit)
  precondition(again.isKeyframeStart == vp8.isKeyframeStart)
  precondition(again.temporalID == vp8.temporalID && again.keyIndex == vp8.keyIndex)
  if vp8.pictureID != nil {
    precondition(again.pictureID == (vp8.is15Bit ? 0x4321 : 0x21))
  }
  if vp8.tl0PicIdx != nil { precondition(again.tl0PicIdx == 0x65) }
}

private func writeHeader(_ packet: RTPPacket, _ bytes: UnsafeRawBufferPointer) {
  // The capacity comes from the input too, so that every way of running out of room is taken.
  let capacity = Int(packet.timestamp & 0x7F)
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
  defer { buffer.deallocate() }
  guard
    var writer = RTPHeaderWriter(
      into: buffer, payloadType: packet.payloadType, marker: packet.marker,
      sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp, ssrc: packet.ssrc)
  else { return }
  let tag = packet.identificationTag(id: 4, in: bytes)
  let level = packet.audioLevel(id: 1, in: bytes)
  let transport = packet.transportSequence(id: 3, in: bytes)
  let sendTime = packet.absoluteSendTime(id: 2, in: bytes)
  let hasTag = tag.flatMap { writer.append(id: 4, mid: $0) } != nil
  let hasLevel =
    level.flatMap { writer.append(id: 1, audioLevel: $0.level, voice: $0.voice) } != nil
  let hasTransport = transport.flatMap { writer.append(id: 3, transportSequence: $0) } != nil
  let hasSendTime = sendTime.flatMap { writer.append(id: 2, absoluteSendTime: $0) } != nil
  guard let length = writer.finish(originalSequenceNumber: packet.sequenceNumber) else { return }
  let written = UnsafeRawBufferPointer(rebasing: buffer[0..<length])
  guard let again = RTPPacket(written) else { preconditionFailure("not a packet") }
  precondition(again.ssrc == packet.ssrc && again.timestamp == packet.timestamp)
  precondition(again.marker == packet.marker && again.payloadType == packet.payloadType)
  precondition(
    RetransmissionPayload.originalSequenceNumber(of: again, in: written) == packet.sequenceNumber)
  if hasTag { precondition(again.identificationTag(id: 4, in: written) == tag) }
  if hasLevel { precondition(again.audioLevel(id: 1, in: written)?.level == level?.level) }
  if hasTransport { precondition(again.transportSequence(id: 3, in: written) == transport) }
  if hasSendTime { precondition(again.absoluteSendTime(id: 2, in: written) == sendTime) }
}

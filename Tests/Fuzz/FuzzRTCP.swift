// modules: Wire
// limit: 1500
import Wire

/// Walks the input as an RTCP datagram, reads every packet, writes it again and compares.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRTCP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  guard var compound = RTCPCompound(bytes) else { return 0 }
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
  defer { buffer.deallocate() }
  var packets = 0
  while let packet = compound.next() {
    packets += 1
    precondition(packets * 4 <= count + 4)
    rewrite(packet, into: buffer)
  }
  return 0
}

/// The one packet that `length` octets of the buffer hold.
private func read(_ buffer: UnsafeMutableRawBufferPointer, _ length: Int?) -> RTCPPacket? {
  guard let length else { return nil }
  var compound = RTCPCompound(UnsafeRawBufferPointer(rebasing: buffer[0..<length]))
  let packet = compound?.next()
  precondition(packet != nil && compound?.next() == nil)
  return packet
}

private func rewrite(_ packet: RTCPPacket, into buffer: UnsafeMutableRawBufferPointer) {
  switch packet {
  case .senderReport(let report, let blocks):
    let blocks = Array(blocks)
    guard
      case .senderReport(let again, let read) = read(
        buffer, report.write(blocks: blocks, into: buffer))
    else { preconditionFailure("SR") }
    precondition(again == report && Array(read) == blocks)
  case .receiverReport(let sender, let blocks):
    let report = ReceiverReport(sender: sender, blocks: Array(blocks))
    guard case .receiverReport(sender, let again) = read(buffer, report.write(into: buffer))
    else { preconditionFailure("RR") }
    precondition(Array(again) == report.blocks)
  case .sourceDescription(let description):
    description.forEachSource { ssrc, cname in
      guard let cname else { return }
      let text = String(decoding: cname, as: UTF8.self)
      _ = SourceDescription.write(ssrc: ssrc, cname: text, into: buffer)
    }
  case .goodbye(let goodbye):
    let sources = Array(goodbye)
    guard !sources.isEmpty else { return }
    guard case .goodbye(let again) = read(buffer, Goodbye.write(sources, into: buffer))
    else { preconditionFailure("BYE") }
    precondition(Array(again) == sources)
  case .nack(let nack):
    // Written as they come, in whatever order: reading gives them back, but for repetitions.
    let numbers = Array(nack)
    let written = GenericNACK.write(
      sender: nack.sender, media: nack.media, sequenceNumbers: numbers, into: buffer)
    guard let written, case .nack(let again) = read(buffer, written.length)
    else { preconditionFailure("NACK") }
    precondition(Set(again) == Set(numbers.prefix(written.count)))
  case .pictureLossIndication(let pli):
    guard case .pictureLossIndication(pli) = read(buffer, pli.write(into: buffer))
    else { preconditionFailure("PLI") }
  case .fullIntraRequest(let request):
    for entry in request {
      let length = FullIntraRequest.write(sender: request.sender, entry: entry, into: buffer)
      guard case .fullIntraRequest(let again) = read(buffer, length)
      else { preconditionFailure("FIR") }
      precondition(Array(again) == [entry])
    }
  case .remb(let remb):
    let length = ReceiverEstimatedMaximumBitrate.write(
      sender: remb.sender, bitrate: remb.bitrate, sources: Array(remb), into: buffer)
    guard case .remb(let again) = read(buffer, length) else { preconditionFailure("REMB") }
    precondition(again.bitrate <= remb.bitrate)
    precondition(remb.bitrate - again.bitrate <= remb.bitrate >> 17)
    precondition(Array(again) == Array(remb))
  case .extendedReport(let report):
    for block in report {
      let length = ExtendedReport.write(sender: report.sender, block: block, into: buffer)
      guard case .extendedReport(let again) = read(buffer, length)
      else { preconditionFailure("XR") }
      precondition(Array(again) == [block])
    }
  case .transportFeedback(let feedback):
    rewrite(feedback, into: buffer)
  case .unknown, .malformed:
    break
  }
}

/// Gives what the feedback says to a writer, as far as it takes it, and compares.
private func rewrite(
  _ feedback: TransportFeedback, into buffer: UnsafeMutableRawBufferPointer
) {
  let base = Int64(feedback.baseSequence)
  var received: [(sequence: Int64, arrival: Int64)] = []
  var sequence = base
  for status in feedback {
    if let arrival = status.arrival { received.append((sequence, arrival)) }
    sequence += 1
  }
  precondition(sequence - base == Int64(feedback.statusCount))
  guard let first = received.first else { return }
  // From 64 octets up, so that running out of room is tried too.
  let capacity = 64 + Int(feedback.feedbackCount) * 8
  let room = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<capacity])
  guard
    var writer = TransportFeedbackWriter(
      into: room, sender: feedback.sender, media: feedback.media, baseSequence: base,
      firstArrival: first.arrival, feedbackCount: feedback.feedbackCount)
  else { preconditionFailure("no writer") }
  var taken: [Int64: Int64] = [:]
  for packet in received {
    guard writer.append(sequence: packet.sequence, arrival: packet.arrival) else { break }
    taken[packet.sequence] = packet.arrival
  }
  guard let length = writer.finish() else {
    precondition(taken.isEmpty)
    return
  }
  precondition(length <= capacity)
  guard case .transportFeedback(let again) = read(buffer, length)
  else { preconditionFailure("feedback") }
  precondition(Int(again.statusCount) == Int(writer.nextSequence - base))
  let reference = (first.arrival >> 8) << 8
  sequence = base
  for status in again {
    precondition(status.arrival.map { $0 + reference } == taken[sequence])
    sequence += 1
  }
}

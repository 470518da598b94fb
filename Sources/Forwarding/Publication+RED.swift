internal import Wire

extension Publication {
  /// Checks a packet of RED (RFC 2198). One that is not RED around our Opus loses its payload, so that
  /// it is left out; one that reaches back too far is taken for the Opus inside.
  mutating func describeRED(_ media: inout MediaPacket, _ body: UnsafeRawBufferPointer) {
    guard let red = REDPayload(body), red.isUniform, red.primaryType == payloads.blockType else {
      counters.malformed &+= 1
      media.payloadLength = 0
      return
    }
    guard reachesBackTooFar(media.timestamp, by: red.span) else {
      media.flags.insert(.isRED)
      return
    }
    media.payload = payloads.opus
    media.payloadOffset &+= UInt16(truncatingIfNeeded: red.primary.lowerBound)
    media.payloadLength = UInt16(truncatingIfNeeded: red.primary.count)
  }

  /// What was said while muted came to us, but goes to nobody: not inside the first packets after it
  /// either. The same where a stream begins.
  private mutating func reachesBackTooFar(_ timestamp: UInt32, by span: UInt16) -> Bool {
    if openEpoch != epoch {
      openEpoch = epoch
      openTimestamp = timestamp
    }
    guard let opened = openTimestamp else { return false }
    let age = Int32(bitPattern: timestamp &- opened)
    if age > Int32(Self.longestSpan) { openTimestamp = nil }
    return age < Int32(span)
  }

  /// Ticks: what 14 bits hold.
  private static let longestSpan: UInt16 = 0x3FFF
}

extension MediaPacket {
  /// The Opus of a RED packet, without what it repeats. `source` are the bytes of its slot.
  mutating func takeOutPrimary(_ source: UnsafeRawBufferPointer) {
    flags.remove(.isRED)
    let start = Int(payloadOffset)
    let end = start &+ Int(payloadLength)
    guard end <= source.count, let red = REDPayload(source.slice(start..<end)) else { return }
    payloadOffset &+= UInt16(truncatingIfNeeded: red.primary.lowerBound)
    payloadLength = UInt16(truncatingIfNeeded: red.primary.count)
  }
}

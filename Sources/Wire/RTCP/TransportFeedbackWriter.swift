/// Builds one `TransportFeedback` packet: `append` each received packet in ascending order of
/// sequence, then `finish`. Gaps between them become "not received".
///
/// `append` refuses, and leaves the packet as it was, what does not fit into it: a delta beyond 16
/// bits of ticks, more than 65535 packets, no room. The caller then finishes this packet and starts
/// another.
public struct TransportFeedbackWriter {
  let buffer: UnsafeMutableRawBufferPointer
  let base: Int64
  let referenceTime: Int64
  /// Where deltas are gathered until the chunks before them are known.
  let deltaStart: Int
  var chunkEnd = TransportFeedback.headerLength
  var deltaEnd: Int
  var next: Int64
  var ticks: Int64
  var pending = PendingSymbols()

  /// - Parameters:
  ///   - buffer: at least 64 octets; half of it is for chunks, half for deltas.
  ///   - baseSequence: the unwrapped number of the first packet that is reported on.
  ///   - firstArrival: when the first received packet arrived, in ticks of 250 us.
  ///   - feedbackCount: one more (modulo 256) for each packet sent.
  public init?(
    into buffer: UnsafeMutableRawBufferPointer, sender: SSRC, media: SSRC, baseSequence: Int64,
    firstArrival: Int64, feedbackCount: UInt8
  ) {
    guard buffer.count >= 64 else { return nil }
    self.buffer = buffer
    base = baseSequence
    next = baseSequence
    // Floor, also before the origin of the clock.
    referenceTime = firstArrival >> 8
    ticks = referenceTime << 8
    let header = TransportFeedback.headerLength
    deltaStart = header + (buffer.count - header) / 2
    deltaEnd = deltaStart
    RTCPHeader.writeFeedback(
      format: TransportFeedback.format, packetType: RTCPHeader.transportLayerFeedback,
      sender: sender, media: media, length: header, into: buffer)
    buffer.setNetworkUInt16(UInt16(truncatingIfNeeded: baseSequence), at: 12)
    buffer.setNetworkUInt24(
      UInt32(truncatingIfNeeded: referenceTime) & 0xFF_FFFF, at: 16)
    buffer[19] = feedbackCount
  }

  /// The sequence number that may be appended next, at the least.
  public var nextSequence: Int64 { next }

  /// - Parameters:
  ///   - sequence: unwrapped, not below `nextSequence`.
  ///   - arrival: in ticks of 250 us, on the clock of `firstArrival`.
  public mutating func append(sequence: Int64, arrival: Int64) -> Bool {
    let delta = arrival &- ticks
    guard sequence >= next, sequence &- base < 65_535, (-32_768...32_767).contains(delta)
    else { return false }
    // Every gap of 8191 costs a chunk, then this symbol and what is pending at most two each; the
    // padding of `finish` takes up to three octets.
    let gap = Int(sequence &- next)
    let chunks = gap / TransportFeedbackChunk.maximumRun &+ 8
    guard chunkEnd &+ chunks &* 2 <= deltaStart, deltaEnd &+ 2 &+ 3 <= buffer.count
    else { return false }
    var missing = gap
    while missing > 0 { missing &-= add(TransportFeedbackChunk.notReceived, upTo: missing) }
    if (0...255).contains(delta) {
      _ = add(TransportFeedbackChunk.small, upTo: 1)
      buffer[deltaEnd] = UInt8(truncatingIfNeeded: delta)
      deltaEnd &+= 1
    } else {
      _ = add(TransportFeedbackChunk.large, upTo: 1)
      buffer.setNetworkUInt16(UInt16(truncatingIfNeeded: delta), at: deltaEnd)
      deltaEnd &+= 2
    }
    ticks = arrival
    next = sequence &+ 1
    return true
  }

  private mutating func add(_ symbol: UInt8, upTo n: Int) -> Int {
    while !pending.accepts(symbol) { writeChunk(isLast: false) }
    return pending.add(symbol, upTo: n)
  }

  private mutating func writeChunk(isLast: Bool) {
    buffer.setNetworkUInt16(pending.takeChunk(isLast: isLast).rawValue, at: chunkEnd)
    chunkEnd &+= 2
  }

  /// Completes the packet and returns its length; `nil` when nothing was appended.
  public mutating func finish() -> Int? {
    guard next > base, let start = buffer.baseAddress else { return nil }
    while pending.count > 0 { writeChunk(isLast: true) }
    let deltaLength = deltaEnd &- deltaStart
    (start + chunkEnd).copyMemory(from: start + deltaStart, byteCount: deltaLength)
    let end = chunkEnd &+ deltaLength
    let length = (end &+ 3) & ~3
    let padding = length &- end
    // Padding is marked and counted, so that no receiver takes it for deltas.
    RTCPHeader.write(
      count: TransportFeedback.format, packetType: RTCPHeader.transportLayerFeedback,
      length: length, into: buffer)
    if padding > 0 {
      for i in end..<length { buffer[i] = 0 }
      buffer[0] |= 0x20
      buffer[length &- 1] = UInt8(truncatingIfNeeded: padding)
    }
    buffer.setNetworkUInt16(UInt16(truncatingIfNeeded: next &- base), at: 14)
    return length
  }
}

/// Symbols that no chunk holds yet: a run of any length up to 8191, or up to 14 mixed ones.
struct PendingSymbols {
  var count = 0
  /// Two bits a symbol, the first 14 at most, in the lowest bits first.
  private var symbols: UInt32 = 0
  private var isRun = true
  private var hasLarge = false

  private func symbol(_ i: Int) -> UInt8 { UInt8(truncatingIfNeeded: symbols >> (2 * i)) & 3 }

  /// Whether one more of `symbol` still ends up in as few chunks.
  func accepts(_ new: UInt8) -> Bool {
    if count == 0 { return true }
    if isRun, symbol(0) == new { return count < TransportFeedbackChunk.maximumRun }
    if count < 7 { return true }
    return count < 14 && !hasLarge && new != TransportFeedbackChunk.large
  }

  /// Adds as many as fit one run, at least one; `accepts` must have said yes.
  mutating func add(_ new: UInt8, upTo n: Int) -> Int {
    if count == 0 || (isRun && symbol(0) == new) {
      let taken = min(n, TransportFeedbackChunk.maximumRun - count)
      for i in min(count, 14)..<min(count + taken, 14) { symbols |= UInt32(new) << (2 * i) }
      if new == TransportFeedbackChunk.large { hasLarge = true }
      count += taken
      return taken
    }
    symbols |= UInt32(new) << (2 * count)
    if new == TransportFeedbackChunk.large { hasLarge = true }
    isRun = false
    count += 1
    return 1
  }

  /// Removes the first symbols and returns a chunk of them; `count` is not 0. Only the last chunk of
  /// a packet may be about more packets than there are.
  mutating func takeChunk(isLast: Bool) -> TransportFeedbackChunk {
    if isRun {
      let chunk = TransportFeedbackChunk.run(of: symbol(0), count: count)
      self = PendingSymbols()
      return chunk
    }
    if !hasLarge, count == 14 || isLast {
      var value: UInt16 = 0x8000
      for i in 0..<count where symbol(i) != 0 { value |= 1 << UInt16(13 - i) }
      self = PendingSymbols()
      return TransportFeedbackChunk(rawValue: value)
    }
    var value: UInt16 = 0xC000
    let taken = min(count, 7)
    for i in 0..<taken { value |= UInt16(symbol(i)) << UInt16(12 - 2 * i) }
    let rest = self
    self = PendingSymbols()
    for i in taken..<rest.count { _ = add(rest.symbol(i), upTo: 1) }
    return TransportFeedbackChunk(rawValue: value)
  }
}

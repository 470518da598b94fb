/// What must hold of a stream that a viewer got, whatever the network did. Each check returns what is
/// wrong, in words; empty is right.
public enum InvariantChecker {
  /// What holds of every stream, also with losses that nothing could repair.
  public static func always(_ packets: [ReceivedPacket], allowed: Set<UInt32>) -> [String] {
    var wrong: [String] = []
    var seen: Set<UInt64> = []
    for packet in packets {
      guard let stream = packet.stream, let number = packet.packet else { continue }
      if !allowed.contains(stream) {
        wrong.append("sequence \(packet.sequence) is of stream \(stream), not subscribed")
      }
      if !seen.insert(UInt64(stream) << 32 | UInt64(number)).inserted {
        wrong.append("packet \(number) of stream \(stream) came under two numbers")
      }
    }
    wrong += order(packets)
    wrong += pictures(packets)
    return wrong
  }

  /// In order of sequence, packets are in the order in which they were published, and time goes on.
  static func order(_ packets: [ReceivedPacket]) -> [String] {
    var wrong: [String] = []
    for (a, b) in zip(packets, packets.dropFirst()) {
      if let number = a.packet, let next = b.packet, a.stream == b.stream, next <= number {
        wrong.append("\(a.sequence) is packet \(number), \(b.sequence) is packet \(next)")
      }
      if Int32(bitPattern: b.timestamp &- a.timestamp) < 0 {
        wrong.append("time goes back at \(b.sequence)")
      }
    }
    return wrong
  }

  /// Picture ids of consecutive packets are the same or one apart, and so is TL0PICIDX of the base layer; a
  /// frame has one timestamp; another stream begins with a keyframe.
  static func pictures(_ packets: [ReceivedPacket]) -> [String] {
    var wrong: [String] = []
    for (a, b) in zip(packets, packets.dropFirst()) where b.sequence == a.sequence + 1 {
      guard let p = a.pictureID, let q = b.pictureID, let t = a.tl0PicIdx, let u = b.tl0PicIdx
      else { continue }
      let step = (q &- p) & 0x7FFF
      if step > 1 { wrong.append("picture id \(p) then \(q) at \(b.sequence)") }
      let base: UInt8 = step == 1 && (b.temporalID ?? 0) == 0 ? 1 : 0
      if a.stream != b.stream, !b.isKeyframeStart {
        wrong.append("stream \(b.stream ?? 0) begins without a keyframe at \(b.sequence)")
      }
      if u &- t != base { wrong.append("TL0PICIDX \(t) then \(u) at \(b.sequence)") }
      if step == 0, a.timestamp != b.timestamp {
        wrong.append("a frame of two times at \(b.sequence)")
      }
    }
    return wrong
  }

  /// Whether the stream is without a gap from its first packet to the last one published, but for the
  /// youngest, which may be under way.
  ///
  /// - Parameters:
  ///   - published: packets that the publisher sent of the stream.
  ///   - tail: so many of them need not have come.
  public static func complete(
    _ packets: [ReceivedPacket], stream: UInt32, published: UInt32, tail: UInt32
  ) -> [String] {
    var wrong: [String] = []
    // The last packet that must have come; what follows it is still being repaired.
    let end = packets.last { $0.packet.map { $0 + tail < published } ?? false }?.sequence ?? .min
    for (a, b) in zip(packets, packets.dropFirst()) where b.sequence <= end {
      guard b.sequence != a.sequence + 1 else { continue }
      wrong.append("a gap between \(a.sequence) and \(b.sequence)")
    }
    let numbers = packets.filter { $0.stream == stream }.compactMap(\.packet)
    guard let first = numbers.first, let last = numbers.last else {
      return wrong + ["nothing came of stream \(stream)"]
    }
    if last + tail < published {
      wrong.append("the last packet is \(last) of \(published)")
    }
    let missing = Set(first...last).subtracting(numbers).filter { $0 + tail < published }
    if !missing.isEmpty {
      wrong.append("packets missing: \(missing.sorted().prefix(10))")
    }
    return wrong
  }
}

internal import Wire

/// Which pictures a decoder could have shown, and when: those whose packets are all there, in an
/// unbroken chain of references since a keyframe.
///
/// The packets tell by their stamps how the sender numbered them, so that it does not matter what a
/// server does to sequence numbers and picture ids. A packet that came again counts as soon as it came.
struct FrameJudge: Sendable {
  /// Packets that wait for others; what is older is given up.
  static let capacity = 4096

  struct Packet: Sendable {
    /// Counts the packets of the sender.
    var index: Int64
    var startsFrame: Bool
    var endsFrame: Bool
    var isKeyframe: Bool
    var sent: MediaInstant
  }

  /// A picture that a decoder had.
  struct Picture: Sendable, Equatable {
    /// Its first packet, by the sender.
    var sent: MediaInstant
    /// When it could be decoded.
    var ready: MediaInstant
  }

  private var waiting: [Int64: Packet] = [:]
  private var keyframes: [Int64] = []
  /// What follows the last picture that was decoded; `nil` before the first.
  private var next: Int64?
  /// In order.
  private(set) var pictures: [Picture] = []

  mutating func note(_ packet: Packet, at now: MediaInstant) {
    if let next, packet.index < next { return }
    guard waiting[packet.index] == nil else { return }
    if waiting.count >= Self.capacity { forgetOldest() }
    waiting[packet.index] = packet
    if packet.startsFrame, packet.isKeyframe { keyframes.append(packet.index) }
    decode(at: now)
  }

  private mutating func decode(at now: MediaInstant) {
    while true {
      if let next, let end = endOfFrame(from: next) {
        finish(from: next, through: end, at: now)
      } else if let (start, end) = completeKeyframe() {
        finish(from: start, through: end, at: now)
      } else {
        return
      }
    }
  }

  /// The newest that is whole.
  private func completeKeyframe() -> (Int64, Int64)? {
    for start in keyframes.sorted(by: >) {
      if let end = endOfFrame(from: start) { return (start, end) }
    }
    return nil
  }

  /// The last packet of the frame that begins there, when all of it came.
  private func endOfFrame(from start: Int64) -> Int64? {
    guard let first = waiting[start], first.startsFrame else { return nil }
    var index = start
    while let packet = waiting[index], index == start || !packet.startsFrame {
      if packet.endsFrame { return index }
      index += 1
    }
    return nil
  }

  private mutating func finish(from start: Int64, through end: Int64, at now: MediaInstant) {
    pictures.append(Picture(sent: waiting[start]?.sent ?? now, ready: now))
    next = end + 1
    for index in waiting.keys where index <= end { waiting[index] = nil }
    keyframes.removeAll { $0 <= end }
  }

  private mutating func forgetOldest() {
    let oldest = waiting.keys.sorted().prefix(Self.capacity / 4)
    for index in oldest { waiting[index] = nil }
    keyframes.removeAll { waiting[$0] == nil }
  }
}

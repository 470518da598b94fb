/// How a frame is cut into packets: as few as can be, of sizes that differ by one at most, the larger
/// ones last, which is how libwebrtc cuts them.
struct FramePackets: Sequence, IteratorProtocol {
  let count: Int
  private let smaller: Int
  /// How many are of the smaller size.
  private let smallerCount: Int
  private var index = 0

  /// - Parameters:
  ///   - octets: of the frame, more than 0.
  ///   - limit: octets of one packet.
  init(octets: Int, limit: Int) {
    count = (octets + limit - 1) / limit
    smaller = octets / count
    smallerCount = count - octets % count
  }

  mutating func next() -> Int? {
    guard index < count else { return nil }
    index += 1
    return index <= smallerCount ? smaller : smaller + 1
  }
}

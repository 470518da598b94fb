/// Reads what `WebMWriter` writes of one participant, in pieces as they come. What is not understood is passed over.
struct WebMReader {
  struct Broken: Error {}

  struct Block {
    var track: WebMWriter.Track
    /// Milliseconds.
    var time: Int64
    var isKeyframe: Bool
    var octets: [UInt8]
  }

  /// Octets of one element at most.
  static let elementLimit = 16 << 20

  /// Milliseconds of a file at most.
  static let longest: Int64 = 86_400_000

  /// What the header says; whole before the first block.
  private(set) var contents = WebMWriter.Contents(picture: nil, channels: nil)
  private var octets: [UInt8] = []
  private var at = 0
  private var cluster: Int64 = 0

  mutating func push(_ more: [UInt8]) {
    octets.removeFirst(at)
    at = 0
    octets += more
  }

  /// `nil`: it takes more octets.
  mutating func next() throws(Broken) -> Block? {
    while let element = try head() {
      switch element.id {
      // Segment, cluster, information, tracks, a track, picture and sound: what is in them comes one by one.
      case 0x1853_8067, 0x1F43_B675, 0x1549_A966, 0x1654_AE6B, 0xAE, 0xE0, 0xE1:
        at = element.start
      default:
        guard element.size <= Self.elementLimit else { throw Broken() }
        let end = element.start + element.size
        guard end <= octets.count else { return nil }
        at = end
        if let block = try take(element.id, octets[element.start..<end]) { return block }
      }
    }
    return nil
  }

  private mutating func take(_ id: UInt32, _ content: ArraySlice<UInt8>) throws(Broken) -> Block? {
    switch id {
    case 0xE7: cluster = Int64(truncatingIfNeeded: Self.number(content))
    case 0xA3: return try block(content)
    case 0xB0:
      contents.picture = .init(width: Self.size(content), height: contents.picture?.height ?? 0)
    case 0xBA:
      contents.picture = .init(width: contents.picture?.width ?? 0, height: Self.size(content))
    case 0x9F: contents.channels = Self.number(content) == 2 ? 2 : 1
    case 0x4489:
      let duration = Double(bitPattern: Self.number(content))
      contents.duration = Int64(exactly: duration.rounded())
    default: break
    }
    return nil
  }

  private func block(_ content: ArraySlice<UInt8>) throws(Broken) -> Block {
    guard content.count > 4,
      let track = WebMWriter.Track(rawValue: content[content.startIndex] & 0x7F)
    else { throw Broken() }
    let head = Array(content.prefix(4))
    let offset = Int16(bitPattern: UInt16(head[1]) << 8 | UInt16(head[2]))
    let time = cluster &+ Int64(offset)
    // Nothing is behind the end that the header tells.
    let end = max(0, min(contents.duration ?? 0, Self.longest))
    guard (0...end + 1_000).contains(time) else { throw Broken() }
    return Block(
      track: track, time: time, isKeyframe: head[3] & 0x80 != 0,
      octets: Array(content.dropFirst(4)))
  }

  /// An element's id and where its content is; `nil` while not all of that is there.
  private func head() throws(Broken) -> (id: UInt32, start: Int, size: Int)? {
    guard at < octets.count else { return nil }
    let idLength = octets[at].leadingZeroBitCount + 1
    guard idLength <= 4 else { throw Broken() }
    let sizeAt = at + idLength
    guard sizeAt < octets.count else { return nil }
    let sizeLength = octets[sizeAt].leadingZeroBitCount + 1
    guard sizeLength <= 8 else { throw Broken() }
    let start = sizeAt + sizeLength
    guard start <= octets.count else { return nil }
    let id = UInt32(truncatingIfNeeded: Self.number(octets[at..<sizeAt]))
    let size = Self.number(octets[sizeAt..<start]) & (1 << (7 * UInt64(sizeLength)) - 1)
    return (id, start, Int(truncatingIfNeeded: size))
  }

  private static func number(_ content: ArraySlice<UInt8>) -> UInt64 {
    content.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func size(_ content: ArraySlice<UInt8>) -> Int {
    Int(truncatingIfNeeded: min(number(content), 16_384))
  }
}

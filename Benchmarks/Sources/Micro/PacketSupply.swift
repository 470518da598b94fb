internal import Transport
internal import Wire
internal import Workload

/// RTP packets of one track in memory of its own, in the order in which they are sent.
final class PacketSupply {
  static let room = 1664
  let count: Int
  /// Octets of each packet as it was written.
  private(set) var lengths: [Int]
  private let bytes: UnsafeMutableRawPointer
  private let track: Track
  private var transportSequence: UInt16 = 0
  private var now = MediaInstant(nanoseconds: 1_000_000_000)

  init(_ kind: MediaKind, count: Int, ssrc: SSRC = SSRC(77)) {
    self.count = count
    var random = SeededRandom(seed: 11)
    track = Track(
      kind: kind, ssrc: ssrc, tag: 1, viewers: 1, now: MediaInstant(nanoseconds: 0),
      random: &random)
    bytes = .allocate(byteCount: count * Self.room, alignment: 64)
    for i in stride(from: 0, to: count * Self.room, by: 8) {
      bytes.storeBytes(of: random.next(), toByteOffset: i, as: UInt64.self)
    }
    lengths = Array(repeating: 0, count: count)
  }

  deinit { bytes.deallocate() }

  func buffer(_ i: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: bytes + i * Self.room, count: Self.room)
  }

  func packet(_ i: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: buffer(i)[..<lengths[i]])
  }

  /// Writes the next `count` packets of the track over those before.
  func refill() {
    for i in 0..<count { lengths[i] = next(into: buffer(i)) }
  }

  func next(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
      let length = track.write(
        into: buffer, transportSequence: &transportSequence, now: now, sent: now, isPaced: false)
      if let length { return length }
      now = track.nextFrame
    }
  }
}

extension SRTPKeyingMaterial {
  /// Keys of no worth.
  static func made(_ profile: SRTPProfile) -> SRTPKeyingMaterial? {
    let length = profile.keyLength + profile.saltLength
    var random = SeededRandom(seed: 5)
    func octets() -> [UInt8] {
      (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
    return SRTPKeyingMaterial(profile: profile, local: octets(), remote: octets())
  }
}

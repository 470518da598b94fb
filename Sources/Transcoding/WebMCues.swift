/// Where players find a moment of a file (RFC 9559 section 22): a bounded list, thinned out where it becomes too long.
struct WebMCues: Sendable {
  /// With so many the header of a file stays under 32 KiB.
  static let capacity = 1_000

  private struct Cue {
    var milliseconds: Int64
    /// Octets of clusters before it.
    var offset: UInt64
  }

  private var cues: [Cue] = []
  /// Milliseconds from one to the next at least.
  private var spacing: Int64 = 0

  /// A cluster begins here.
  mutating func add(_ milliseconds: Int64, at offset: UInt64) {
    if let last = cues.last, milliseconds - last.milliseconds < spacing { return }
    cues.append(Cue(milliseconds: milliseconds, offset: offset))
    guard cues.count == Self.capacity else { return }
    cues = stride(from: 0, to: cues.count, by: 2).map { cues[$0] }
    spacing = max(2 * spacing, 2 * (milliseconds / Int64(Self.capacity)))
  }

  /// - Parameter count: octets of the segment before the element itself; clusters follow it.
  func element(of track: WebMWriter.Track, behind count: Int) -> [UInt8] {
    guard !cues.isEmpty else { return [] }
    // Its length is known before what is in it.
    let length = element(of: track, shift: 0).count
    return element(of: track, shift: UInt64(count + length))
  }

  private func element(of track: WebMWriter.Track, shift: UInt64) -> [UInt8] {
    EBML.element(
      0x1C53_BB6B,
      cues.flatMap { cue in
        EBML.element(
          0xBB,
          EBML.unsigned(0xB3, UInt64(cue.milliseconds))
            + EBML.element(
              0xB7,
              EBML.unsigned(0xF7, UInt64(track.rawValue)) + EBML.fixed(0xF1, cue.offset + shift)))
      })
  }
}

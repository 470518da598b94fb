/// The sound of one participant of a recording, decoded onto the time line of the recording. Confined.
final class MixedVoice {
  /// Samples of encoder delay that a decoder gives before the sound of a packet (RFC 7845 section 4.2).
  static let preSkip: Int64 = 312
  /// So far a packet may stand from where the one before it ends: clocks and rounding to milliseconds. Farther, something
  /// is missing.
  static let tolerance: Int64 = 480
  /// From so far on a packet is stretched or shortened by `correction`, so that a clock that runs away is followed.
  static let drift: Int64 = 240
  static let correction = 48
  /// A gap that is made up; a longer one is silence.
  static let longestRepair: Int64 = 5_760

  private let decoder: OpusDecoder
  /// What is decoded and not taken, and the place of its first sample on the time line, at 48 kHz.
  private var samples: [Float] = []
  private var start: Int64 = 0
  /// Where the last packet ends.
  private var heard: Int64?

  init() throws(CodecError) { decoder = try OpusDecoder(channels: 1) }

  /// Where what was decoded ends.
  var end: Int64 { start + Int64(samples.count) }

  /// - Parameter milliseconds: as the recording has it.
  func add(_ packet: [UInt8], at milliseconds: Int64) {
    let place = milliseconds * 48 - Self.preSkip
    let gap = place - end
    if gap >= Self.tolerance {
      let isLost = heard.map { place - $0 <= Self.longestRepair } ?? false
      if isLost { repair(gap, before: packet) } else { samples += Self.silence(Int(gap)) }
    }
    // What the decoder refuses is a gap.
    guard var sound = try? packet.withUnsafeBytes({ try decoder.decode($0) }) else { return }
    let rest = place - end
    if rest <= -Self.tolerance || (heard == nil && rest < 0) {
      sound.removeFirst(min(Int(-rest), sound.count))
    } else if abs(rest) > Self.drift {
      sound = Self.stretched(sound, by: rest > 0 ? Self.correction : -Self.correction)
    }
    samples += sound
    heard = end
  }

  private func repair(_ gap: Int64, before packet: [UInt8]) {
    // The decoder makes up pieces of 2.5 ms; the last packet that is missing may be in the next one.
    let count = Int(gap) / 120 * 120
    let last = min(count, OpusEncoder.frameSamples)
    if count > last, let made = try? decoder.conceal(sampleCount: count - last) { samples += made }
    let found = try? packet.withUnsafeBytes { try decoder.recover(before: $0, sampleCount: last) }
    samples += found ?? Self.silence(last)
  }

  private static func silence(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }

  /// The next samples of the time line; what is not there is silence.
  func take(_ count: Int) -> [Float] {
    let taken = Array(samples.prefix(count))
    samples.removeFirst(taken.count)
    start += Int64(count)
    return taken + Self.silence(count - taken.count)
  }

  /// Longer or shorter by so many samples, by linear interpolation.
  static func stretched(_ samples: [Float], by change: Int) -> [Float] {
    let count = samples.count + change
    guard samples.count > 1, count > 1 else { return samples }
    let step = Double(samples.count - 1) / Double(count - 1)
    return (0..<count).map { place in
      let at = Double(place) * step
      let before = min(Int(at), samples.count - 2)
      let share = Float(at - Double(before))
      return samples[before] * (1 - share) + samples[before + 1] * share
    }
  }
}

import Glibc
import Transcoding

/// What hooks cost: processor time of one stream in real time, in thousandths of a core, and how many fit on
/// one. Each line is the median of five runs. Printed as the table of `Docs/Hooks.md`.
@main
struct Codecs {
  static func main() throws {
    print("| one stream of | thousandths of a core | on one core |")
    print("|---|---|---|")
    try sound()
    try picture(width: 640, height: 360, bitrate: 500_000, "360p30, 500 kbit/s")
    try picture(width: 1280, height: 720, bitrate: 1_500_000, "720p30, 1.5 Mbit/s")
  }

  /// - Parameters:
  ///   - seconds: of media that `work` goes through.
  static func report(_ what: String, seconds: Double, _ work: () throws -> Void) rethrows {
    var costs: [Double] = []
    for _ in 0..<5 {
      let start = processorTime()
      try work()
      costs.append((processorTime() - start) / seconds * 1000)
    }
    let cost = costs.sorted()[2]
    print("| \(what) | \(rounded(cost)) | \(Int(1000 / cost)) |")
  }

  static func rounded(_ value: Double) -> String {
    value < 10 ? String(Double(Int(value * 10 + 0.5)) / 10) : String(Int(value + 0.5))
  }

  /// Seconds.
  static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func sound() throws {
    let frames = (0..<500).map { frame in
      (0..<960).map { i -> Float in
        let time = Double(frame * 960 + i) / 48_000
        return Float(
          0.2 * sin(2 * Double.pi * 180 * time) * (1 + sin(2 * Double.pi * 3 * time))
            + 0.1 * sin(2 * Double.pi * 1500 * time))
      }
    }
    let encoder = try OpusEncoder(channels: 1, use: .speech, bitrate: 32_000)
    try encoder.setFEC(expectedLoss: 5)
    let packets = try frames.map { try encoder.encode($0) }
    try report("Opus decoded, 32 kbit/s", seconds: 10) {
      let decoder = try OpusDecoder(channels: 1)
      for packet in packets { _ = try packet.withUnsafeBytes { try decoder.decode($0) } }
    }
    try report("Opus encoded, 32 kbit/s with FEC", seconds: 10) {
      let encoder = try OpusEncoder(channels: 1, use: .speech, bitrate: 32_000)
      try encoder.setFEC(expectedLoss: 5)
      for frame in frames { _ = try encoder.encode(frame) }
    }
    report("loudness measured", seconds: 10) {
      var loudness = Loudness(channels: 1)
      for frame in frames {
        loudness.feed(AudioFrame(samples: frame, channels: 1, timestamp: 0))
      }
    }
    report("mixed for one of three (N-1)", seconds: 10) {
      var mixer = AudioMixer()
      for id in 0..<3 as Range<UInt32> { mixer.add(id) }
      for (i, frame) in frames.enumerated() where i % 3 == 0 {
        for id in 0..<3 as Range<UInt32> {
          mixer.push(AudioFrame(samples: frame, channels: 1, timestamp: 0), of: id)
        }
        _ = mixer.mix()
      }
    }
  }

  static func picture(width: Int, height: Int, bitrate: Int, _ name: String) throws {
    let pictures = (0..<60).map { pattern($0, width, height) }
    let encoder = try VP8Encoder(.init(width: width, height: height, bitrate: bitrate))
    var frames: [[UInt8]] = []
    for (i, picture) in pictures.enumerated() {
      if let frame = try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: false) {
        frames.append(frame)
      }
    }
    try report("VP8 decoded, \(name)", seconds: 2) {
      let decoder = try VP8Decoder()
      for frame in frames { _ = try frame.withUnsafeBytes { try decoder.decode($0) } }
    }
    try report("VP8 encoded, \(name)", seconds: 2) {
      let encoder = try VP8Encoder(.init(width: width, height: height, bitrate: bitrate))
      for (i, picture) in pictures.enumerated() {
        _ = try encoder.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: false)
      }
    }
    guard height > 360 else { return }
    report("made smaller, 720p30 to 360p30, and encoded at 300 kbit/s", seconds: 2) {
      let hook = DownscaleHook(longestSide: 640, bitrate: 300_000) { _ in }
      for (i, picture) in pictures.enumerated() {
        _ = hook.process(VideoFrame(picture: picture, timestamp: Int64(i) * 3000))
      }
    }
    let start = processorTime()
    for picture in pictures.prefix(5) { _ = picture.png() }
    print("\nOne still image of 720p as PNG: \(rounded((processorTime() - start) / 5 * 1000)) ms")
  }

  /// A textured ground that moves.
  static func pattern(_ index: Int, _ width: Int, _ height: Int) -> I420Picture {
    var picture = I420Picture(width: width, height: height, luma: 128, chroma: 128)
    for y in 0..<height {
      for x in 0..<width {
        let texture = (x &* 31 &+ y &* 17) & 15
        let wave = sin(Double(x + index * 2) * 0.05) * 40 + cos(Double(y + index) * 0.04) * 40
        picture.pixels[y * width + x] = UInt8(110 + Int(wave) + texture)
      }
    }
    return picture
  }
}

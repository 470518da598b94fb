import Glibc
import Transcoding
import Wire

/// Sounds and pictures that tests know, and how they are measured.
enum Signals {
  static func tone(_ hertz: Double, amplitude: Float, count: Int) -> [Float] {
    (0..<count).map { amplitude * Float(sin(2 * Double.pi * hertz * Double($0) / 48_000)) }
  }

  /// Like a voice: harmonics under two formants, a pitch that moves, four syllables a second with
  /// pauses, and a little breath.
  static func voice(count: Int, seed: UInt64) -> [Float] {
    var random = SeededRandom(seed: seed)
    var phase = 0.0
    return (0..<count).map { i in
      let time = Double(i) / 48_000
      let pitch = 140 + 25 * sin(2 * Double.pi * 0.7 * time)
      phase += 2 * Double.pi * pitch / 48_000
      var sum = 0.0
      for harmonic in 1...24 {
        let frequency = pitch * Double(harmonic)
        let first = 1 / (1 + pow((frequency - 600) / 250, 2))
        let second = 0.5 / (1 + pow((frequency - 1700) / 300, 2))
        sum += (first + second + 0.02) * sin(phase * Double(harmonic))
      }
      let syllable = max(0, sin(2 * Double.pi * 2 * time))
      let breath = Double(Int64(bitPattern: random.next() >> 40)) / Double(1 << 24) - 0.5
      return Float(0.12 * sum * syllable.squareRoot() + 0.0005 * breath)
    }
  }

  /// Amplitude at a frequency, by correlation over all samples.
  static func amplitude(of samples: ArraySlice<Float>, at hertz: Double) -> Double {
    var real = 0.0
    var imaginary = 0.0
    for (i, sample) in samples.enumerated() {
      let angle = 2 * Double.pi * hertz * Double(i) / 48_000
      real += Double(sample) * cos(angle)
      imaginary += Double(sample) * sin(angle)
    }
    return 2 * (real * real + imaginary * imaginary).squareRoot() / Double(max(samples.count, 1))
  }

  static func level(_ samples: ArraySlice<Float>) -> Double {
    let energy = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (energy / Double(max(samples.count, 1))).squareRoot()
  }

  /// The mean over pieces of 20 ms of their signal-to-noise ratio, dB, each held to -10...35; what is
  /// silent in the original is left out.
  static func segmentalSNR(_ original: [Float], _ decoded: [Float], delay: Int) -> Double {
    var ratios: [Double] = []
    var start = 0
    while start + 960 <= original.count, start + 960 + delay <= decoded.count {
      var signal = 0.0
      var noise = 0.0
      for i in start..<(start + 960) {
        let sample = Double(original[i])
        signal += sample * sample
        noise += pow(sample - Double(decoded[i + delay]), 2)
      }
      if signal / 960 > 1e-6 {
        ratios.append(min(max(10 * log10(signal / max(noise, 1e-12)), -10), 35))
      }
      start += 960
    }
    return ratios.reduce(0, +) / Double(max(ratios.count, 1))
  }

  /// A textured ground that moves, and a disc that moves across it: what changes is known.
  static func pattern(_ index: Int, width: Int, height: Int) -> I420Picture {
    var picture = I420Picture(width: width, height: height, luma: 128, chroma: 128)
    let centreX = Double(width) * (0.5 + 0.3 * sin(Double(index) * 0.07))
    let centreY = Double(height) * (0.5 + 0.3 * cos(Double(index) * 0.05))
    let radius = Double(min(width, height)) / 6
    for y in 0..<height {
      for x in 0..<width {
        let wave =
          sin(Double(x + index) * 0.06) * 30 + cos(Double(y) * 0.045) * 30
          + sin(Double(x + y + index) * 0.02) * 20
        var luma = 126 + wave
        let dx = Double(x) - centreX
        let dy = Double(y) - centreY
        if dx * dx + dy * dy < radius * radius { luma = 210 - wave * 0.3 }
        picture.pixels[y * width + x] = UInt8(min(max(luma, 16), 235))
      }
    }
    for y in 0..<picture.chromaHeight {
      for x in 0..<picture.chromaWidth {
        let at = y * picture.chromaWidth + x
        picture.pixels[picture.cbStart + at] = UInt8(128 + (x * 40 / picture.chromaWidth) - 20)
        picture.pixels[picture.crStart + at] = UInt8(128 + (y * 40 / picture.chromaHeight) - 20)
      }
    }
    return picture
  }

  /// Of luma, dB.
  static func psnr(_ a: I420Picture, _ b: I420Picture) -> Double {
    guard a.width == b.width, a.height == b.height else { return 0 }
    var error = 0
    for i in 0..<a.cbStart {
      let difference = Int(a.pixels[i]) - Int(b.pixels[i])
      error += difference * difference
    }
    guard error > 0 else { return 99 }
    return 10 * log10(255 * 255 * Double(a.cbStart) / Double(error))
  }
}

extension Array where Element == UInt8 {
  func read<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withUnsafeBytes(body)
  }
}

func at(_ milliseconds: Int64) -> MediaInstant {
  MediaInstant(nanoseconds: milliseconds * 1_000_000)
}

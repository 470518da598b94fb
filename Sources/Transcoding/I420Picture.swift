/// A picture in 8-bit YCbCr 4:2:0, planar: luma, then Cb, then Cr, rows and planes without gaps.
/// Limited range (16...235), BT.601, as browsers send VP8.
public struct I420Picture: Sendable, Equatable {
  /// Pixels, 1...16383 each.
  public let width: Int
  public let height: Int
  /// `width * height` of luma, then twice `chromaWidth * chromaHeight`.
  public var pixels: [UInt8]

  public static let maximumSide = 16_383

  /// - Parameters:
  ///   - luma: of every pixel.
  ///   - chroma: of every pixel, both planes; 128 has no colour.
  public init(width: Int, height: Int, luma: UInt8, chroma: UInt8) {
    self.width = Self.clamp(width)
    self.height = Self.clamp(height)
    let count = self.width * self.height
    let half = ((self.width + 1) / 2) * ((self.height + 1) / 2)
    pixels = Array(repeating: luma, count: count + 2 * half)
    for i in count..<pixels.count { pixels[i] = chroma }
  }

  /// - Parameter fill: gets the uninitialized pixels and must write all of them.
  init(width: Int, height: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    self.width = Self.clamp(width)
    self.height = Self.clamp(height)
    let half = ((self.width + 1) / 2) * ((self.height + 1) / 2)
    let count = self.width * self.height + 2 * half
    pixels = Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { fill(base) }
      initialized = count
    }
  }

  private static func clamp(_ side: Int) -> Int { min(max(side, 1), maximumSide) }

  public var chromaWidth: Int { (width + 1) / 2 }
  public var chromaHeight: Int { (height + 1) / 2 }

  /// Where the planes begin in `pixels`.
  public var cbStart: Int { width * height }
  public var crStart: Int { cbStart + chromaWidth * chromaHeight }
}

/// A picture at its time.
public struct VideoFrame: Sendable, Equatable {
  public var picture: I420Picture
  /// In ticks of 1/90000 s, unwrapped: differences are media time.
  public var timestamp: Int64

  public init(picture: I420Picture, timestamp: Int64) {
    self.picture = picture
    self.timestamp = timestamp
  }
}

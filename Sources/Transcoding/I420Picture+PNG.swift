internal import CPNG

extension I420Picture {
  /// The picture as a PNG file, without loss besides that of the conversion to 8-bit RGB (BT.601, limited range,
  /// as browsers encode VP8). `nil` when libpng has no memory for it.
  public func png() -> [UInt8]? {
    let rgb = rgb()
    let room = png_most_octets(UInt32(width), UInt32(height))
    var isWritten = false
    let file = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      var size = room
      isWritten =
        png_write_rgb(rgb, UInt32(width), UInt32(height), buffer.baseAddress, &size) != 0
      count = isWritten ? min(size, room) : 0
    }
    return isWritten ? file : nil
  }

  /// Rows of 8-bit R, G, B without gaps.
  public func rgb() -> [UInt8] {
    let (luma, half) = (width * height, chromaWidth * chromaHeight)
    return pixels.withUnsafeBufferPointer { pixels in
      [UInt8](unsafeUninitializedCapacity: luma * 3) { out, count in
        var at = 0
        for row in 0..<height {
          let chroma = luma + row / 2 * chromaWidth
          for column in 0..<width {
            let y = 298 * (Int(pixels[row * width + column]) - 16) + 128
            let b = Int(pixels[chroma + column / 2]) - 128
            let r = Int(pixels[chroma + half + column / 2]) - 128
            out[at] = Self.clamp8((y + 409 * r) >> 8)
            out[at + 1] = Self.clamp8((y - 100 * b - 208 * r) >> 8)
            out[at + 2] = Self.clamp8((y + 516 * b) >> 8)
            at += 3
          }
        }
        count = luma * 3
      }
    }
  }

  private static func clamp8(_ value: Int) -> UInt8 { UInt8(min(max(value, 0), 255)) }
}

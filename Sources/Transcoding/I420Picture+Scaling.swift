extension I420Picture {
  /// The picture at another size. Each pixel is the mean of what it covers, so that a smaller picture does not
  /// flicker; in a larger one pixels are repeated.
  /// - Parameters: pixels, held to 1...16383.
  public func scaled(width: Int, height: Int) -> I420Picture {
    guard width != self.width || height != self.height else { return self }
    let (fromWidth, fromHeight) = (self.width, self.height)
    let (fromHalf, fromHalfHeight) = (chromaWidth, chromaHeight)
    let target = (
      width: min(max(width, 1), Self.maximumSide), height: min(max(height, 1), Self.maximumSide)
    )
    let (half, halfHeight) = ((target.width + 1) / 2, (target.height + 1) / 2)
    return pixels.withUnsafeBufferPointer { from in
      I420Picture(width: target.width, height: target.height) { to in
        guard let base = from.baseAddress else { return }
        Self.scale(base, fromWidth, fromHeight, to, target.width, target.height)
        let chroma = base + fromWidth * fromHeight
        let out = to + target.width * target.height
        Self.scale(chroma, fromHalf, fromHalfHeight, out, half, halfHeight)
        Self.scale(
          chroma + fromHalf * fromHalfHeight, fromHalf, fromHalfHeight, out + half * halfHeight,
          half, halfHeight)
      }
    }
  }

  /// One plane: rows are added up first, then columns, both weighted by how much of them is covered, in
  /// 256ths.
  private static func scale(
    _ from: UnsafePointer<UInt8>, _ fromWidth: Int, _ fromHeight: Int,
    _ to: UnsafeMutablePointer<UInt8>, _ width: Int, _ height: Int
  ) {
    let columns = Span.all(fromWidth, width)
    let rows = Span.all(fromHeight, height)
    var sums = [UInt32](repeating: 0, count: fromWidth)
    for (y, row) in rows.enumerated() {
      for x in 0..<fromWidth { sums[x] = 0 }
      for source in row.first...row.last {
        let weight = row.weight(source)
        let line = from + source * fromWidth
        for x in 0..<fromWidth { sums[x] &+= UInt32(line[x]) &* weight }
      }
      for (x, column) in columns.enumerated() {
        var sum: UInt64 = 0
        for source in column.first...column.last {
          sum &+= UInt64(sums[source]) &* UInt64(column.weight(source))
        }
        let area = UInt64(row.total) &* UInt64(column.total)
        to[y * width + x] = UInt8(truncatingIfNeeded: (sum &+ area / 2) / area)
      }
    }
  }

  /// Which pixels of a line one pixel of the new line covers.
  private struct Span {
    var first: Int
    var last: Int
    /// In 256ths.
    var firstWeight: UInt32
    var lastWeight: UInt32
    var total: UInt32

    func weight(_ place: Int) -> UInt32 {
      place == first ? firstWeight : place == last ? lastWeight : 256
    }

    static func all(_ from: Int, _ to: Int) -> [Span] {
      (0..<to).map { place in
        let start = place * from * 256 / to
        let end = max((place + 1) * from * 256 / to, start + 1)
        let first = min(start / 256, from - 1)
        let last = min((end - 1) / 256, from - 1)
        guard first < last else {
          return Span(first: first, last: first, firstWeight: 256, lastWeight: 256, total: 256)
        }
        let firstWeight = UInt32(256 - start % 256)
        let lastWeight = UInt32((end - 1) % 256 + 1)
        return Span(
          first: first, last: last, firstWeight: firstWeight, lastWeight: lastWeight,
          total: firstWeight + lastWeight + UInt32(last - first - 1) * 256)
      }
    }
  }
}

/// What a full path delivers to us, bits a second: the rate at which packets arrive that all have waited.
///
/// Over-use is seen some tenths of a second after more began to be sent. The rate of that time (the
/// R_hat of draft-ietf-rmcat-gcc-02 section 5.5) is then largely that of the time before, of a muted camera,
/// say, and a cut to 0.85 of it gives up a path that carries ten times as much. While a queue stands, what
/// comes out of it is the capacity, or our share of it, however little was sent before.
///
/// Windows of a quarter of a second, since a path may become narrower while its queue stands.
struct BusyRate {
  static let window: Int64 = 250_000
  static let shortest: Int64 = 100_000

  /// When the first packet that had waited came.
  private var start: Int64?
  private var lastArrival: Int64 = 0
  private var octets = 0
  private var last: Double?

  /// bits/s; `nil` as long as the path has not been busy for a tenth of a second.
  var rate: Double? {
    guard let start else { return nil }
    let elapsed = lastArrival &- start
    guard elapsed >= Self.shortest else { return last }
    return Double(octets) * 8e6 / Double(elapsed)
  }

  /// - Parameters:
  ///   - arrived: microseconds
  ///   - hasWaited: there was a queue in front of it, so that the path was busy since the packet before.
  mutating func add(arrived: Int64, length: Int, hasWaited: Bool) {
    guard hasWaited else {
      start = nil
      last = nil
      return
    }
    guard let since = start, arrived >= since, arrived &- since < 1_000_000_000 else {
      start = arrived
      lastArrival = arrived
      octets = 0
      last = nil
      return
    }
    lastArrival = max(lastArrival, arrived)
    octets = min(octets + length, 1 << 40)
    if lastArrival &- since >= Self.window {
      last = rate
      start = lastArrival
      octets = 0
    }
  }
}

internal import Wire

extension MediaInstant {
  /// Since the clock's origin: what delays are computed in.
  var microseconds: Int64 { nanoseconds / 1000 }
}

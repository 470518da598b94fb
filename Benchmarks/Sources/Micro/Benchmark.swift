/// One step of a packet's way, done again and again.
class Benchmark {
  let name: String

  init(_ name: String) { self.name = name }

  /// Makes what `run` works on. Not measured.
  func prepare() {}

  /// - Returns: how many times the step was done.
  func run() -> Int { 0 }
}

/// What results flow into, so that the compiler does not leave out what made them.
final class Sink {
  nonisolated(unsafe) private static var sum: UInt64 = 0

  @inline(never)
  static func take(_ value: UInt64) { sum &+= value }
}

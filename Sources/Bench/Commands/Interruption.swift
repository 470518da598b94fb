internal import ArgumentParser
internal import CDatagram
internal import Dispatch
internal import Glibc

/// Ctrl-C ends the measurement, not the program: what was measured is reported, and all leave.
enum Interruption {
  static func endsEarly<T: Sendable>(_ body: @escaping @Sendable () async throws -> T)
    async throws -> T
  {
    let task = Task { try await body() }
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { task.cancel() }
    source.resume()
    defer {
      source.cancel()
      signal(SIGINT, SIG_DFL)
    }
    return try await task.value
  }
}

enum CPUPinning {
  /// Before other threads are made: they stay where this one is.
  static func apply(_ list: CPUList?) throws {
    guard let list else { return }
    let error = flow_pin(list.cpus, UInt32(list.cpus.count))
    guard error == 0 else {
      throw ValidationError("--cpus: this machine does not have all of \(list.cpus)")
    }
  }
}

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

extension CPUList {
  /// The CPUs that a process may run on.
  private static func allowed(_ pid: String) -> Set<UInt32>? {
    ProcessSample.text("/proc/\(pid)/status")?.split(separator: "\n")
      .first { $0.hasPrefix("Cpus_allowed_list:") }
      .flatMap { CPUList(argument: $0.dropFirst(18).filter { $0 != "\t" && $0 != " " }) }
      .map { Set($0.cpus) }
  }

  /// How many CPUs there are for a process and this one together, when they may meet on some;
  /// `nil` when each has its own.
  static func shared(_ pid: Int32) -> Int? {
    guard let theirs = allowed("\(pid)"), let ours = allowed("self"), !theirs.isDisjoint(with: ours)
    else { return nil }
    return theirs.union(ours).count
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

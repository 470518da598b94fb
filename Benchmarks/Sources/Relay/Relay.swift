private import CDatagram
private import Glibc
private import MediaEngine
private import MediaIO
private import Probe
private import Transport
private import Wire
private import Workload

/// The relay as it is, on its own thread and socket, with peers whose keys are preset: neither ICE
/// nor DTLS are needed to send it packets. Its plan comes on standard input; it ends with that.
@main
struct Relay {
  enum Failure: Error {
    case plan
  }

  static func main() throws {
    if var cpu = option("--cpu").flatMap(UInt32.init) { _ = flow_pin(&cpu, 1) }
    guard let plan = ServerPlan(lines: { readLine() }) else { throw Failure.plan }
    let (thread, handle) = try WorkerThread.start(
      index: 0, port: 0, configuration: WorkerConfiguration(),
      dtls: try DTLSContext(certificate: try .generate()),
      coalesce: .microseconds(Int64(plan.hold))
    ) { worker, now, out in
      plan.addPeers(to: worker, engine: .default, now: now, into: &out)
    }
    for command in plan.commands where !handle.send(command) { throw Failure.plan }
    let transcodes = try Transcodes(option("--transcodes").flatMap(Int.init) ?? 0)
    say("port \(handle.port)")
    while let line = readLine() { follow(line) }
    transcodes.stop()
    thread.stop()
  }

  private static func option(_ name: String) -> String? {
    let words = CommandLine.arguments
    return words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
  }

  /// Allocations of the other threads are counted between `begin` and `end`.
  private static func follow(_ line: String) {
    switch line {
    case "begin": probe_allocations_begin(true)
    case "end":
      let count = probe_allocations_end()
      probe_allocations_report(count > 0 ? 8 : 0)
      say(probe_counts_allocations() ? "allocations \(count)" : "allocations unknown")
    default: break
    }
  }

  private static func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}

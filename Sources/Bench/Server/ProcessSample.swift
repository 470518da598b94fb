internal import Foundation
internal import Glibc
internal import Wire

/// What /proc says of a process at one moment.
struct ProcessSample: Sendable {
  var at: MediaInstant
  /// On a CPU in user mode and in the kernel, all threads, those that ended as well; nanoseconds,
  /// which the kernel tells in steps of 10 ms.
  var user: Int64
  var system: Int64
  /// The same to the nanosecond, but without threads that ended.
  var exact: Int64
  /// Of the threads that there are.
  var voluntarySwitches: Int64
  var involuntarySwitches: Int64
  /// Octets.
  var resident: Int64
  var residentPeak: Int64
  var threads: Int
  var descriptors: Int
  /// Datagrams that its UDP sockets dropped.
  var socketDrops: Int64
  /// What all programs of the machine used, and what a hypervisor took, nanoseconds.
  var machine: (busy: Int64, stolen: Int64)

  /// `nil` when the process is gone or may not be looked at.
  init?(pid: Int32) {
    at = MonotonicClock.now()
    let folder = "/proc/\(pid)"
    guard let stat = Self.text("\(folder)/stat"), let status = Self.text("\(folder)/status"),
      // The name in parentheses may hold anything.
      let end = stat.lastIndex(of: ")")
    else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    // proc(5): utime is field 14 of stat, the first one here is field 3.
    guard fields.count > 17, let utime = Int64(fields[11]), let stime = Int64(fields[12]) else {
      return nil
    }
    let tick = 1_000_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    user = utime * tick
    system = stime * tick
    let values = Self.values(status)
    resident = (values["VmRSS"] ?? 0) * 1024
    residentPeak = (values["VmHWM"] ?? 0) * 1024
    threads = Int(values["Threads"] ?? 0)
    descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/fd").count) ?? 0

    var exact: Int64 = 0
    var voluntary: Int64 = 0
    var involuntary: Int64 = 0
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/task")) ?? []
    for task in tasks {
      if let text = Self.text("\(folder)/task/\(task)/schedstat"),
        let time = text.split(separator: " ").first.flatMap({ Int64($0) })
      {
        exact += time
      }
      if let text = Self.text("\(folder)/task/\(task)/status") {
        let values = Self.values(text)
        voluntary += values["voluntary_ctxt_switches"] ?? 0
        involuntary += values["nonvoluntary_ctxt_switches"] ?? 0
      }
    }
    self.exact = exact
    voluntarySwitches = voluntary
    involuntarySwitches = involuntary
    socketDrops = Self.drops(pid)
    machine = Self.machineTime(tick)
  }

  static func text(_ path: String) -> String? {
    // Files of /proc have no length, so that they are read to their end.
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
  private static func machineTime(_ tick: Int64) -> (busy: Int64, stolen: Int64) {
    let fields = (text("/proc/stat") ?? "").prefix { $0 != "\n" }.split(separator: " ").dropFirst()
      .map { Int64($0) ?? 0 }
    guard fields.count >= 8 else { return (0, 0) }
    return (
      (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) * tick, fields[7] * tick
    )
  }

  /// `Name: 123 kB` lines.
  static func values(_ text: String) -> [String: Int64] {
    var values: [String: Int64] = [:]
    for line in text.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let words = line[line.index(after: colon)...].split { $0 == " " || $0 == "\t" }
      if let first = words.first, let value = Int64(first) {
        values[String(line[..<colon])] = value
      }
    }
    return values
  }

  /// The last column of /proc/net/udp, of the sockets that are this process's.
  private static func drops(_ pid: Int32) -> Int64 {
    var inodes: Set<Substring> = []
    let folder = "/proc/\(pid)/fd"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard
        let link = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "\(folder)/\(name)"),
        link.hasPrefix("socket:[")
      else { continue }
      inodes.insert(Substring(link.dropFirst(8).dropLast()))
    }
    var drops: Int64 = 0
    for table in ["udp", "udp6"] {
      guard let text = text("/proc/\(pid)/net/\(table)") else { continue }
      for line in text.split(separator: "\n").dropFirst() {
        let fields = line.split(separator: " ")
        if fields.count > 12, inodes.contains(fields[9]) { drops += Int64(fields[12]) ?? 0 }
      }
    }
    return drops
  }
}

internal import Glibc
internal import Workload

/// The server that is measured, as a process of its own.
final class ServerProcess {
  struct Usage {
    /// Nanoseconds on a processor, user and system, of all threads.
    var processor: UInt64 = 0
    /// Nanoseconds that it could have run and other programs did.
    var waited: UInt64 = 0
    /// Voluntary context switches: how often it slept.
    var sleeps: UInt64 = 0
    var switches: UInt64 = 0
  }

  enum Failure: Error {
    case system(String)
    case noPort
  }

  private var process = pid_t()
  private let input: Int32
  private let output: Int32

  init(_ program: String, arguments: [String], preload: String?) throws {
    var toServer: [Int32] = [0, 0]
    var fromServer: [Int32] = [0, 0]
    guard pipe(&toServer) == 0, pipe(&fromServer) == 0 else { throw Failure.system("pipe") }
    // Else the server would hold the ends that tell it to stop.
    for end in toServer + fromServer { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toServer[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromServer[1], 1)
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    if let preload { setenv("LD_PRELOAD", preload, 1) }
    let error = posix_spawn(&process, program, &actions, nil, &words, environ)
    unsetenv("LD_PRELOAD")
    Glibc.close(toServer[0])
    Glibc.close(fromServer[1])
    input = toServer[1]
    output = fromServer[0]
    guard error == 0 else { throw Failure.system("cannot start \(program)") }
  }

  /// - Returns: the UDP port that the server took.
  func start(_ plan: ServerPlan) throws -> UInt16 {
    say(plan.text)
    guard let words = answer()?.split(separator: " "), words.count == 2, words[0] == "port",
      let port = UInt16(words[1])
    else { throw Failure.noPort }
    return port
  }

  func say(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// The next line; waits for it.
  func answer() -> String? {
    var line: [UInt8] = []
    var octet: UInt8 = 0
    while read(output, &octet, 1) == 1 {
      if octet == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(octet)
    }
    return nil
  }

  func usage() -> Usage {
    var usage = Usage()
    guard let tasks = opendir("/proc/\(process)/task") else { return usage }
    defer { closedir(tasks) }
    while let entry = readdir(tasks) {
      let id = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard Int(id) != nil else { continue }
      let folder = "/proc/\(process)/task/\(id)/"
      let times = content(folder + "schedstat").split(separator: " ").map { UInt64($0) ?? 0 }
      if times.count >= 2 {
        usage.processor += times[0]
        usage.waited += times[1]
      }
      for line in content(folder + "status").split(separator: "\n") {
        guard let count = UInt64(line.split(separator: "\t").last ?? "") else { continue }
        if line.hasPrefix("voluntary") { usage.sleeps += count }
        if line.contains("ctxt_switches") { usage.switches += count }
      }
    }
    return usage
  }

  func stop() {
    Glibc.close(input)
    var status: Int32 = 0
    waitpid(process, &status, 0)
    Glibc.close(output)
  }

  private func content(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var octets = [UInt8](repeating: 0, count: 8192)
    let count = fread(&octets, 1, octets.count, file)
    return String(decoding: octets.prefix(count), as: UTF8.self)
  }
}

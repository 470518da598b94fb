private import Glibc
private import Probe
private import Transport
private import Wire

/// Measures each step of a packet's way and prints a line of JSON for each.
///
/// Alone: nanoseconds. With AllocationCounter preloaded: allocations. In callgrind: instructions, which
/// go into its own files.
@main
struct Micro {
  static let repetitions = 15

  static func main() {
    let wanted = CommandLine.arguments.dropFirst()
    for benchmark in all() where wanted.isEmpty || wanted.contains(benchmark.name) {
      print(measure(benchmark))
    }
    fflush(nil)
    // Without taking down what the benchmarks hold.
    _exit(0)
  }

  private static func all() -> [Benchmark] {
    var list: [Benchmark] = [ReadRTP(), ReadRTCP(), Route(viewers: 1), Route(viewers: 10)]
    for engine in SRTPEngine.allCases {
      for profile in SRTPProfile.allCases {
        for kind in [MediaKind.video, .audio] {
          list.append(Protect(profile, engine, kind))
          list.append(Unprotect(profile, engine, kind))
        }
      }
    }
    list += [AnswerCheck(), RequestLost(), ReportArrivals(), Pace()]
    list += [Forward(viewers: 1), Forward(viewers: 10)]
    return list
  }

  private static func measure(_ benchmark: Benchmark) -> String {
    // Tables and queues reach their size.
    for _ in 0..<2 {
      benchmark.prepare()
      _ = benchmark.run()
    }
    benchmark.prepare()
    if probe_counts_instructions() {
      probe_instructions_begin()
      let count = benchmark.run()
      probe_instructions_end(benchmark.name)
      return line(benchmark, count, "")
    }
    if probe_counts_allocations() {
      probe_allocations_begin(false)
      let count = benchmark.run()
      let allocations = probe_allocations_end()
      return line(benchmark, count, ", \"allocations\": \(allocations)")
    }
    var count = 0
    let times = (0..<repetitions).map { _ in
      benchmark.prepare()
      let start = now()
      count = benchmark.run()
      return Double(now() - start) / Double(max(count, 1))
    }.sorted()
    let median = (times[times.count / 2] * 10).rounded() / 10
    return line(benchmark, count, ", \"nanoseconds\": \(median)")
  }

  private static func line(_ benchmark: Benchmark, _ count: Int, _ rest: String) -> String {
    "{\"name\": \"\(benchmark.name)\", \"count\": \(count)\(rest)}"
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

import Glibc
import Testing

@testable import Consultation
@testable import Signaling

struct QualityMemoryTests {
  /// Octets of the heap that are in use, as glibc counts them (`malloc_info`, `mallinfo2` has no name in
  /// Swift): what it has of the system less what is free.
  private static func inUse() -> Int? {
    typealias MallocInfo = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
    guard let symbol = dlsym(nil, "malloc_info") else { return nil }
    var text: UnsafeMutablePointer<CChar>?
    var size = 0
    guard let stream = open_memstream(&text, &size) else { return nil }
    let result = unsafeBitCast(symbol, to: MallocInfo.self)(0, stream)
    fclose(stream)
    defer { free(text) }
    guard result == 0, let text else { return nil }
    // The sums of all arenas come last.
    let report = String(cString: text)
    func last(_ type: String) -> Int? {
      guard let line = report.split(separator: "\n").last(where: { $0.contains(type) }),
        let value = line.split(separator: "size=\"").last?.split(separator: "\"").first
      else { return nil }
      return Int(value)
    }
    guard let system = last("<system type=\"current\""), let mapped = last("<total type=\"mmap\""),
      let fast = last("<total type=\"fast\""), let rest = last("<total type=\"rest\"")
    else { return nil }
    return system + mapped - fast - rest
  }

  @Test("twenty minutes into a call the monitor holds less than 20 kB of each participant")
  func memory() async {
    // In a process of its own: the heap of this one belongs to all tests.
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) {
      // What is made once for all.
      var warm = try QualityMonitorTests.Call("warm", hasCameras: true)
      for _ in 0..<10 { await warm.second() }
      _ = Self.inUse()
      let before = try #require(Self.inUse())
      var calls: [QualityMonitorTests.Call] = []
      for number in 0..<24 {
        calls.append(
          try QualityMonitorTests.Call(
            "c\(number)", hasCameras: true, beside: warm, worker: number + 1))
      }
      for second in 0..<1210 {
        for place in calls.indices {
          await calls[place].second(
            uplinkLoss: second % 200 < 20 ? 12 : 0, advancing: place == 0)
          guard second % 5 == 0 else { continue }
          for (person, other) in [(0, 1), (1, 0)] {
            var statistics = ClientStatistics(timestamp: Double(second) * 1000)
            statistics.outbound = [.init(source: .camera), .init(source: .microphone)]
            statistics.inbound = [10, 12].map {
              .init(
                publication: TrackID(rawValue: UInt64($0 + other)), framesDecoded: 24,
                totalFreezesDuration: 0, concealedSamples: 0, totalSamplesReceived: 48_000,
                jitterBufferDelay: 1, jitterBufferEmittedCount: 1)
            }
            await calls[place].monitor.note(
              statistics, of: calls[place].people[person].id, in: calls[place].id)
          }
        }
      }
      let each = (try #require(Self.inUse()) - before) / (calls.count * 2)
      print("the monitor holds \(each) octets of each participant")
      withExtendedLifetime(calls) {}
      // Much less would mean that nothing was counted.
      exit((5000..<20_000).contains(each) ? EXIT_SUCCESS : EXIT_FAILURE)
    }
    if getenv("VISAVIS_FAULT_SEEDS") != nil, let said = result?.standardOutputContent {
      print(String(decoding: said, as: UTF8.self))
    }
  }
}

import Glibc
import Testing

@testable import Signaling

/// Every fault that the monitor should find, on a real worker and a simulated network in virtual time.
///
/// One seed each; `VISAVIS_FAULT_SEEDS=20` runs so many calls of each fault and prints what came of them.
@Suite("Faults injected into simulated calls", .serialized)
struct InjectedFaultTests {
  private static let seeds: UInt64? = getenv("VISAVIS_FAULT_SEEDS").flatMap {
    UInt64(String(cString: $0))
  }

  /// Seconds from the fault to its incident, and from its end to the end of that; what else was told.
  private struct Outcome {
    var begin: Int?
    var end: Int?
    var wrong: [String] = []
    var isRight: Bool { (begin ?? 99) <= 10 && (end ?? 99) <= 15 && wrong.isEmpty }
  }

  private static func run(_ fault: SimulatedFault, seed: UInt64) async throws -> Outcome {
    let call = try await SimulatedCall(seed: seed &* 7919 &+ 17)
    var outcome = Outcome()
    try await call.run(14 + Int(seed % 5))
    outcome.wrong += await call.found().map { "before: \($0)" }
    call.set(fault)
    func isIt(_ one: SimulatedCall.Found) -> Bool {
      (one.participant == "p_0" || fault.isOfAll) && one.side == fault.expected?.side
        && one.cause == fault.expected?.cause
    }
    for second in 1...25 {
      try await call.run(1)
      if outcome.begin == nil, await call.found().contains(where: isIt) { outcome.begin = second }
    }
    call.set(nil)
    for second in 1...20 {
      try await call.run(1)
      if outcome.end == nil, await call.found().allSatisfy({ !isIt($0) || $0.isOver }) {
        outcome.end = second
      }
    }
    if fault.expected == nil { (outcome.begin, outcome.end) = (0, 0) }
    // That pictures were given up is told where it is so, whatever the reason.
    let isFallback = fault.isOfDownlink && call.wasAudioOnly
    outcome.wrong += await call.found().filter {
      !isIt($0) && !(isFallback && $0.participant == "p_0" && $0.cause == "audio-only")
    }.map(\.description)
    return outcome
  }

  @Test(
    "is told on its side with its cause within 10 s, alone, and is over 15 s after it, in 95 % of the calls",
    arguments: SimulatedFault.allCases)
  func found(_ fault: SimulatedFault) async throws {
    let seeds = Self.seeds ?? 1
    var right = 0
    var examples: [String] = []
    var begins: [Int] = []
    var ends: [Int] = []
    for seed in 1...seeds {
      let outcome = try await Self.run(fault, seed: seed)
      if outcome.isRight { right += 1 } else { examples.append("seed \(seed): \(outcome)") }
      begins.append(outcome.begin ?? 99)
      ends.append(outcome.end ?? 99)
    }
    if Self.seeds != nil {
      print("\(fault): \(right) of \(seeds), began \(begins), ended \(ends)")
    }
    #expect(Double(right) >= 0.95 * Double(seeds), "\(right) of \(seeds); \(examples)")
  }
}

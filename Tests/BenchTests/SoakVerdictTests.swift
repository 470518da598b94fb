import Testing

@testable import Bench

@Suite struct SoakVerdictTests {
  private func result(resident: [Double], after: Int = 20, left: Double = 0) -> SoakRun.Result {
    let joins = ReportTests.report().joins
    return SoakRun.Result(
      minutes: 1, events: .init(), joins: joins, delay: joins.connect, audio: .init(),
      video: .init(),
      samples: resident.enumerated().map {
        SoakRun.Sample(seconds: Double($0) * 10, connected: 1, resident: Int64($1))
      }, descriptorsBefore: 20, descriptorsAfter: after,
      leftovers: .init(consultations: left, participants: 0, peers: 0, seconds: 1), failures: [])
  }

  @Test("memory that fills up and stays is no leak, memory that goes on growing is")
  func memory() {
    let steady = [50e6, 80e6, 99e6] + Array(repeating: 100e6, count: 9)
    #expect(SoakVerdict.failures(result(resident: steady)).isEmpty)
    let growing = (0..<12).map { 50e6 + Double($0) * 10e6 }
    #expect(SoakVerdict.failures(result(resident: growing)).first?.contains("grew") == true)
    #expect(SoakVerdict.growth([1, 2e9]) == nil)
  }

  @Test("descriptors and rooms that stay are leaks")
  func rest() {
    #expect(SoakVerdict.failures(result(resident: [], after: 21)).isEmpty)
    #expect(SoakVerdict.failures(result(resident: [], after: 100)).count == 1)
    #expect(
      SoakVerdict.failures(result(resident: [], left: 1)).first?.contains("1 consult") == true)
  }
}

import MediaEngine
import Simulation
import Testing
import Wire

/// A worker that could not read its socket in time.
struct OverrunTests {
  @Test(
    "What our own overload lost is not asked for, so that it ends; pictures then ask for a keyframe"
  )
  func overload() throws {
    for seed in Seeds.first(8) {
      let lossy = LinkConditions(loss: .uniform(0.3), delay: .milliseconds(20))
      let call = try RecoveryTests.Call(seed: seed, up: lossy, down: .perfect)
      call.scenario.run(for: .seconds(1))
      let before = call.scenario.worker.counters.nacksSent
      #expect(before > 0, call.scenario.replay)

      // What was asked for before is still on its way for a moment.
      for _ in 0..<20 {
        call.scenario.command(.noteOverrun)
        call.scenario.run(for: .milliseconds(100))
      }
      #expect(call.scenario.worker.counters.nacksSent == before, call.scenario.replay)

      let keyframes = call.patient.peer.keyframes(stream: 1)
      call.scenario.run(for: Worker.overrunPause + .milliseconds(600))
      #expect(call.patient.peer.keyframes(stream: 1) > keyframes, call.scenario.replay)
      // Loss from then on is repaired again.
      #expect(call.scenario.worker.counters.nacksSent > before, call.scenario.replay)
      call.checkAlways()
    }
  }
}

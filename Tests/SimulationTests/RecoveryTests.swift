import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// The same worker as on a thread, under virtual time, with networks that lose and reorder.
struct RecoveryTests {
  /// Camera and microphone of one, watched by two.
  struct Call {
    let scenario: Scenario
    let patient: Scenario.Member
    let viewers: [Scenario.Member]
    let camera: PublicationID
    let microphone: PublicationID

    init(
      seed: UInt64, up: LinkConditions, down: LinkConditions, padding: Double = 0,
      feedback: RTCPFeedback = [.nack, .pli, .transportCC], rtx: Bool = true,
      isDeclared: Bool = true, profile: SRTPProfile = .aeadAES128GCM
    ) throws {
      scenario = try Scenario.make(seed: seed)
      patient = try scenario.join(up: up, down: down, profile: profile)
      let rtxSSRC: SSRC? = SSRC(2001)
      camera = scenario.publish(
        SimulatedTrack(
          kind: .video, stream: 1, ssrc: SSRC(2000), rtxSSRC: rtxSSRC, mid: "v",
          padding: padding),
        by: patient, feedback: feedback, isDeclared: isDeclared)
      microphone = scenario.publish(
        SimulatedTrack(kind: .audio, stream: 2, ssrc: SSRC(3000), rtxSSRC: nil, mid: "a"),
        by: patient, feedback: [.transportCC], isDeclared: isDeclared)
      var viewers: [Scenario.Member] = []
      for i in 0..<2 {
        let viewer = try scenario.join(up: up, down: down, profile: profile)
        viewers.append(viewer)
        scenario.view(
          camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: UInt64(10 + i)),
          ssrc: SSRC(9000), rtxSSRC: rtx ? SSRC(9001) : nil)
        scenario.view(
          microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: UInt64(20 + i)),
          ssrc: SSRC(9100), rtxSSRC: nil, feedback: [])
      }
      self.viewers = viewers
    }

    /// What holds in any network.
    func checkAlways() {
      for viewer in viewers {
        scenario.expect(viewer.peer.allViolations, "a viewer's complaints")
        scenario.expect(
          InvariantChecker.always(viewer.peer.received(SSRC(9000)), allowed: [1]), "video")
        scenario.expect(
          InvariantChecker.always(viewer.peer.received(SSRC(9100)), allowed: [2]), "audio")
      }
      scenario.expect(patient.peer.allViolations, "the publisher's complaints")
      #expect(scenario.batchRefused == 0, scenario.replay)
      #expect(scenario.leastFree > 1000, scenario.replay)
    }

    func checkVideoComplete(tail: UInt32 = 40) {
      for viewer in viewers {
        scenario.expect(
          InvariantChecker.complete(
            viewer.peer.received(SSRC(9000)), stream: 1,
            published: patient.peer.packetCount(stream: 1), tail: tail), "video")
      }
    }

    /// Everyone leaves: every slot must have come back.
    func checkNoLeak() {
      for member in scenario.members { scenario.command(.removePeer(member.id)) }
      scenario.run(for: .milliseconds(200))
      #expect(scenario.arena.freeCount == scenario.arena.slotCount, scenario.replay)
    }
  }

  @Test("Without loss every packet arrives once, in order, and nothing is asked for")
  func perfect() throws {
    let call = try Call(seed: 1, up: .perfect, down: .perfect)
    call.scenario.run(for: .seconds(5))
    call.checkAlways()
    call.checkVideoComplete(tail: 10)
    #expect(call.scenario.worker.counters.nacksSent == 0)
    #expect(call.scenario.worker.counters.nacksReceived == 0)
    #expect(call.scenario.worker.counters.retransmissionsSent == 0)
    #expect(call.patient.peer.keyframes(stream: 1) <= 2)
    for viewer in call.viewers {
      let audio = viewer.peer.received(SSRC(9100)).compactMap(\.packet)
      #expect(audio.count > 240)
      #expect(audio == Array(try #require(audio.first)...(try #require(audio.last))))
    }
    call.checkNoLeak()
  }

  @Test(
    "5 % loss and reordering in every direction: each recoverable packet arrives, in order of sequence",
    arguments: Seeds.first(20))
  func uniformLoss(seed: UInt64) throws {
    let conditions = LinkConditions(
      loss: .uniform(0.05), delay: .milliseconds(25), jitter: .milliseconds(4), reordering: 0.03,
      reorderDelay: .milliseconds(12), duplication: 0.01)
    let call = try Call(seed: seed, up: conditions, down: conditions)
    call.scenario.run(for: .seconds(10))
    call.checkAlways()
    call.checkVideoComplete()
    let counters = call.scenario.worker.counters
    #expect(counters.nacksSent > 10, call.scenario.replay)
    #expect(counters.retransmissionsSent > 20, call.scenario.replay)
    call.checkNoLeak()
  }

  @Test(
    "Late padding-only packets, losses and reordering leave no hole for the viewer",
    arguments: Seeds.first(8))
  func paddingAndLoss(seed: UInt64) throws {
    // Padding-only packets cannot be had again, so nothing is lost on the way up: only reordered.
    let up = LinkConditions(
      delay: .milliseconds(25), jitter: .milliseconds(4), reordering: 0.1,
      // Longer than a frame, so that padding is overtaken by the frame behind it.
      reorderDelay: .milliseconds(45))
    let down = LinkConditions(loss: .uniform(0.05), delay: .milliseconds(25))
    let call = try Call(seed: seed, up: up, down: down, padding: 0.3)
    call.scenario.run(for: .seconds(8))
    call.checkAlways()
    call.checkVideoComplete()
    call.checkNoLeak()
  }

  @Test(
    "Without RTX towards the viewer packets are sent again as they were, under every SRTP profile",
    arguments: SRTPProfile.allCases, Seeds.first(3))
  func withoutRTX(profile: SRTPProfile, seed: UInt64) throws {
    let down = LinkConditions(loss: .uniform(0.04), delay: .milliseconds(20))
    let call = try Call(seed: seed, up: .perfect, down: down, rtx: false, profile: profile)
    call.scenario.run(for: .seconds(6))
    call.checkAlways()
    call.checkVideoComplete()
    #expect(call.scenario.worker.counters.retransmissionsSent > 5, call.scenario.replay)
    call.checkNoLeak()
  }

  @Test(
    "Sources that no offer declared are learned from the mid extension", arguments: Seeds.first(4))
  func learned(seed: UInt64) throws {
    let conditions = LinkConditions(loss: .uniform(0.03), delay: .milliseconds(20))
    let call = try Call(seed: seed, up: conditions, down: conditions, isDeclared: false)
    call.scenario.run(for: .seconds(6))
    call.checkAlways()
    call.checkVideoComplete()
    call.checkNoLeak()
  }

  @Test(
    "Bursts of loss that nothing repairs break no rule, and the picture comes back",
    arguments: Seeds.first(8))
  func bursts(seed: UInt64) throws {
    let conditions = LinkConditions(
      loss: .bursts(toBad: 0.01, toGood: 0.05, whenGood: 0.005, whenBad: 0.8),
      delay: .milliseconds(40), jitter: .milliseconds(10), reordering: 0.02)
    let call = try Call(seed: seed, up: conditions, down: conditions)
    call.scenario.run(for: .seconds(15))
    call.checkAlways()
    for viewer in call.viewers {
      let last = viewer.peer.received(SSRC(9000)).last?.packet ?? 0
      #expect(last + 150 > call.patient.peer.packetCount(stream: 1), call.scenario.replay)
    }
    call.checkNoLeak()
  }

  @Test("The same seed gives the same run")
  func reproducible() throws {
    func run() throws -> [ReceivedPacket] {
      let conditions = LinkConditions(
        loss: .uniform(0.05), jitter: .milliseconds(5), reordering: 0.05)
      let call = try Call(seed: 99, up: conditions, down: conditions)
      call.scenario.run(for: .seconds(3))
      return call.viewers[0].peer.received(SSRC(9000))
    }
    #expect(try run() == run())
  }

  @Test(
    "Viewers 300 ms away lose one packet in fifty and get every one of them again",
    arguments: Seeds.first(4))
  func farAway(seed: UInt64) throws {
    let down = LinkConditions(loss: .uniform(0.02), delay: .milliseconds(150))
    let call = try Call(seed: seed, up: LinkConditions(delay: .milliseconds(150)), down: down)
    call.scenario.run(for: .seconds(10))
    call.checkAlways()
    call.checkVideoComplete(tail: 250)
    #expect(call.scenario.worker.counters.retransmissionsSent > 20, call.scenario.replay)
    call.checkNoLeak()
  }
}

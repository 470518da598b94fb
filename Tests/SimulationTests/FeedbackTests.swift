import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// RTCP in both directions, as the other side sees it.
struct FeedbackTests {
  @Test(
    "Transport-wide feedback reports every packet that arrived and what was lost",
    arguments: Seeds.first(6))
  func transportFeedback(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let up = LinkConditions(
      loss: .uniform(0.05), delay: .milliseconds(25), jitter: .milliseconds(5), reordering: 0.02)
    let patient = try scenario.join(up: up, down: .perfect)
    _ = scenario.publish(ChangeTests.camera(1, ssrc: 2000), by: patient)
    _ = scenario.publish(ChangeTests.microphone(2, ssrc: 3000), by: patient)
    scenario.run(for: .seconds(10))
    let feedback = patient.peer.feedback
    let counters = scenario.worker.counters
    #expect(feedback.transportFeedback >= 40, scenario.replay)
    // All that arrived but for the last interval.
    let arrived = Int(counters.rtpReceived)
    #expect(feedback.reportedReceived <= arrived, scenario.replay)
    #expect(feedback.reportedReceived > arrived - 60, scenario.replay)
    // At least what was lost; a reordered packet may be taken for lost for a moment.
    let lost = scenario.network.losses(of: patient.peer.address).up.lost
    #expect(feedback.reportedLost > Int(lost) / 2, scenario.replay)
    #expect(feedback.reportedLost < Int(lost) * 2 + 20, scenario.replay)
    #expect(feedback.remb == nil)
  }

  @Test("A publisher that only knows REMB is told the cap, others are not")
  func remb() throws {
    let scenario = try Scenario.make(seed: 5) { $0.videoBitrateCap = 1_500_000 }
    let patient = try scenario.join(up: .perfect, down: .perfect)
    _ = scenario.publish(
      ChangeTests.camera(1, ssrc: 2000), by: patient, feedback: [.nack, .pli, .remb])
    scenario.run(for: .seconds(3))
    let told = try #require(patient.peer.feedback.remb)
    // 18 significant bits.
    #expect(told <= 1_500_000 && told > 1_499_990)
    #expect(patient.peer.feedback.transportFeedback == 0)
  }

  @Test("Receiver reports tell a publisher its losses", arguments: Seeds.first(4))
  func receiverReports(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let up = LinkConditions(loss: .uniform(0.1), delay: .milliseconds(25))
    let patient = try scenario.join(up: up, down: .perfect)
    _ = scenario.publish(ChangeTests.microphone(2, ssrc: 3000), by: patient)
    scenario.run(for: .seconds(20))
    let block = try #require(patient.peer.feedback.reportBlocks[SSRC(3000)], scenario.replay)
    #expect((50...160).contains(block.cumulativeLost), scenario.replay)
    #expect(block.lastSR != 0, scenario.replay)
  }

  @Test(
    "Sender reports keep sound and picture together, whatever the clocks and the network do",
    arguments: Seeds.first(6))
  func lipSync(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    // Nothing is lost, so that the first picture is the first that was made.
    let up = LinkConditions(
      delay: .milliseconds(25), jitter: .milliseconds(30), reordering: 0.05)
    let patient = try scenario.join(
      up: up, down: .perfect, clockOffset: .milliseconds(-123_456_789))
    let camera = scenario.publish(ChangeTests.camera(1, ssrc: 2000), by: patient)
    let microphone = scenario.publish(ChangeTests.microphone(2, ssrc: 3000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.view(
      microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: 2), ssrc: SSRC(9100),
      rtxSSRC: nil, feedback: [])
    scenario.run(for: .seconds(12))
    // When, on the viewer's common clock, was each packet made? From the sender reports; and in truth:
    // both tracks began together, sound with a packet each 20 ms.
    func origin(_ ssrc: SSRC, rate: Double) throws -> [Double] {
      let packets = viewer.peer.received(ssrc)
      let reports = viewer.peer.senderReports(ssrc)
      #expect(reports.count >= 8, scenario.replay)
      let first = try #require(packets.first)
      return reports.map { report, _ in
        let ticks = Double(Int32(bitPattern: report.rtpTimestamp &- first.timestamp))
        return Double(report.ntp.rawValue) / 4_294_967_296 - ticks / rate
      }
    }
    let sound = try origin(SSRC(9100), rate: 48_000)
    let picture = try origin(SSRC(9000), rate: 90_000)
    let firstSound = try #require(viewer.peer.received(SSRC(9100)).first?.packet)
    let expected = Double(firstSound) * 0.020
    for (a, b) in zip(sound, picture) {
      #expect(abs(a - b - expected) < 0.002, scenario.replay)
    }
    #expect((sound.max() ?? 0) - (sound.min() ?? 0) < 0.002, scenario.replay)
  }

  @Test("The round trip to a viewer is measured")
  func roundTrip() throws {
    let scenario = try Scenario.make(seed: 8)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let microphone = scenario.publish(ChangeTests.microphone(2, ssrc: 3000), by: patient)
    let conditions = LinkConditions(delay: .milliseconds(70))
    let viewer = try scenario.join(up: conditions, down: conditions)
    scenario.view(
      microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: 2), ssrc: SSRC(9100),
      rtxSSRC: nil, feedback: [])
    scenario.run(for: .seconds(6))
    scenario.command(.collectStatistics)
    guard case .statistics(let statistics) = try #require(scenario.events.last).event else {
      Issue.record("no statistics")
      return
    }
    let peer = try #require(statistics.peers.first { $0.id == viewer.id })
    let roundTrip = try #require(peer.roundTrip)
    #expect((138...142).contains(roundTrip.milliseconds))
    let subscription = try #require(statistics.subscriptions.first)
    #expect(subscription.publication == microphone)
    #expect(subscription.lost == 0)
  }

  @Test("A viewer that asks for everything again and again gets little more than its due")
  func storm() throws {
    let scenario = try Scenario.make(seed: 4)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(ChangeTests.camera(1, ssrc: 2000), by: patient)
    // Nothing that the viewer is sent arrives, what it asks does.
    let deaf = LinkConditions(loss: .uniform(0.6), delay: .milliseconds(5))
    let viewer = try scenario.join(up: .perfect, down: deaf)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.run(for: .seconds(10))
    let counters = scenario.worker.counters
    let first = counters.rtpSent - counters.retransmissionsSent
    #expect(counters.nacksReceived > 500)
    #expect(counters.retransmissionsSent <= first + 128)
    #expect(scenario.batchRefused == 0)
    // Complaints do not make a storm of keyframes either.
    #expect(patient.peer.feedback.keyframeRequests <= 40)
    #expect(scenario.leastFree > 3000)
  }

  @Test("A path narrower than the stream loses, and breaks no rule", arguments: Seeds.first(3))
  func narrow(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(ChangeTests.camera(1, ssrc: 2000), by: patient)
    let narrow = LinkConditions(delay: .milliseconds(20), rate: 500_000, queue: 30_000)
    let viewer = try scenario.join(up: .perfect, down: narrow)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.run(for: .seconds(10))
    scenario.expect(viewer.peer.allViolations, "the viewer's complaints")
    scenario.expect(
      InvariantChecker.always(viewer.peer.received(SSRC(9000)), allowed: [1]), "video")
    #expect(scenario.leastFree > 3000, scenario.replay)
  }
}

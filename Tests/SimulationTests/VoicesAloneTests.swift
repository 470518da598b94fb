import Congestion
import MediaEngine
import Simulation
import Testing
import Wire

/// Calls without any picture. The publishers do what they are asked for.
@Suite struct VoicesAloneTests {
  private final class Call {
    let scenario: Scenario
    let speakers: [Scenario.Member]
    let viewer: Scenario.Member
    private var seen = 0

    init(seed: UInt64, voices: Int, down: LinkConditions) throws {
      scenario = try Scenario.make(seed: seed)
      var speakers: [Scenario.Member] = []
      var tracks: [PublicationID] = []
      for i in 0..<voices {
        let speaker = try scenario.join(up: .perfect, down: .perfect)
        tracks.append(
          scenario.publish(
            SimulatedTrack(
              kind: .audio, stream: UInt32(2 + i), ssrc: SSRC(UInt32(3000 + i)), rtxSSRC: nil,
              mid: "a"), by: speaker, feedback: [.transportCC]))
        speaker.peer.setSound(stream: UInt32(2 + i), bitrate: 48_000, packetTime: 20)
        speakers.append(speaker)
      }
      self.speakers = speakers
      viewer = try scenario.join(up: .perfect, down: down)
      viewer.peer.sendsTransportFeedback = true
      for (i, track) in tracks.enumerated() {
        scenario.view(
          track, kind: .audio, by: viewer, as: SubscriptionID(rawValue: UInt64(20 + i)),
          ssrc: ssrc(i), rtxSSRC: nil, feedback: [.transportCC])
      }
    }

    func ssrc(_ voice: Int) -> SSRC { SSRC(UInt32(9100 + voice)) }

    /// Runs and returns what the first publisher was asked for.
    func run(_ span: MediaDuration) -> [SoundRate] {
      var rates: [SoundRate] = []
      let end = scenario.now + span
      while scenario.now < end {
        scenario.run(for: .milliseconds(100))
        for (_, event) in scenario.events[seen...] {
          guard case .soundLimited(let id, let rate) = event else { continue }
          let voice = Int(id.rawValue) - 20
          if voice == 0 { rates.append(rate) }
          speakers[voice].peer.setSound(
            stream: UInt32(2 + voice), bitrate: rate.bitrate, packetTime: rate.packetTime)
        }
        seen = scenario.events.count
      }
      return rates
    }

    /// Of what was sent in a span, the share that came, and the longest wait on the path.
    func measure(_ span: MediaDuration) -> (heard: Double, wait: MediaDuration) {
      let before = scenario.now
      let sent = count()
      var wait = MediaDuration.zero
      while scenario.now < before + span {
        _ = run(.milliseconds(100))
        wait = max(wait, scenario.network.queueDelay(of: viewer.peer.address, now: scenario.now))
      }
      let heard = speakers.indices.reduce(0) { sum, voice in
        sum + viewer.peer.received(ssrc(voice)).count { $0.arrival > before }
      }
      return (Double(heard) / Double(count() - sent), wait)
    }

    private func count() -> Int {
      speakers.enumerated().reduce(0) {
        $0 + Int($1.element.peer.packetCount(stream: UInt32(2 + $1.offset)))
      }
    }
  }

  @Test(
    "Two voices on 60 kbit/s come whole and in time; on a wide path they are ample again",
    arguments: Seeds.first(6))
  func narrow(seed: UInt64) throws {
    let call = try Call(seed: seed, voices: 2, down: NarrowPathTests.link(2_000_000))
    #expect(call.run(.seconds(20)) == [], call.scenario.replay)
    call.scenario.network.change(
      call.viewer.peer.address, up: .perfect, down: NarrowPathTests.link(60_000, queue: 3_000))
    let rates = call.run(.seconds(10))
    #expect(rates.contains(.least), "\(call.scenario.replay): \(rates)")
    let (heard, wait) = call.measure(.seconds(20))
    #expect(heard > 0.98, "\(call.scenario.replay): \(heard)")
    #expect(wait < .milliseconds(150), "\(call.scenario.replay): \(wait)")
    call.scenario.network.change(
      call.viewer.peer.address, up: .perfect, down: NarrowPathTests.link(2_000_000))
    let back = call.run(.seconds(90))
    #expect(back.last == .ample, "\(call.scenario.replay): \(back)")
  }

  @Test(
    "On a wide path nothing is taken from voices, nor at 10 % loss", arguments: Seeds.first(6))
  func wide(seed: UInt64) throws {
    for loss in [0, 0.1] {
      let call = try Call(
        seed: seed, voices: 2, down: NarrowPathTests.link(2_000_000, loss: loss))
      let rates = call.run(.seconds(120))
      #expect(rates == [], "\(call.scenario.replay)")
    }
  }
}

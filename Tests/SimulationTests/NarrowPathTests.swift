import Congestion
import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// Viewers whose paths carry less than what there is to see.
struct NarrowPathTests {
  /// One who publishes camera and microphone, and some who view both.
  struct Call {
    let scenario: Scenario
    let patient: Scenario.Member
    let viewers: [Scenario.Member]
    static let video = SSRC(9000)
    static let audio = SSRC(9100)

    init(
      seed: UInt64, viewers downs: [LinkConditions], bitrate: Int = 1_500_000, obeys: Bool = true,
      rtx: Bool = true
    ) throws {
      scenario = try Scenario.make(seed: seed)
      patient = try scenario.join(up: .perfect, down: .perfect)
      patient.peer.obeysREMB = obeys
      let camera = scenario.publish(
        SimulatedTrack(
          kind: .video, stream: 1, ssrc: SSRC(2000), rtxSSRC: SSRC(2001), mid: "v",
          bitrate: bitrate),
        by: patient, feedback: obeys ? [.nack, .pli, .transportCC, .remb] : [.nack, .pli])
      let microphone = scenario.publish(
        SimulatedTrack(kind: .audio, stream: 2, ssrc: SSRC(3000), rtxSSRC: nil, mid: "a"),
        by: patient, feedback: [.transportCC])
      var viewers: [Scenario.Member] = []
      for (i, down) in downs.enumerated() {
        let viewer = try scenario.join(up: .perfect, down: down)
        viewer.peer.sendsTransportFeedback = true
        viewers.append(viewer)
        scenario.view(
          camera, kind: .video, by: viewer, as: Self.videoID(i), ssrc: Self.video,
          rtxSSRC: rtx ? SSRC(9001) : nil)
        scenario.view(
          microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: UInt64(20 + i)),
          ssrc: Self.audio, rtxSSRC: nil, feedback: [])
      }
      self.viewers = viewers
    }

    static func videoID(_ viewer: Int) -> SubscriptionID {
      SubscriptionID(rawValue: UInt64(10 + viewer))
    }

    func change(_ viewer: Int, to down: LinkConditions, up: LinkConditions = .perfect) {
      scenario.network.change(viewers[viewer].peer.address, up: up, down: down)
    }

    /// Runs and returns the longest wait in front of a viewer's bottleneck, by tenths of a second.
    func run(_ span: MediaDuration, watching viewer: Int) -> [MediaDuration] {
      var waits: [MediaDuration] = []
      let end = scenario.now + span
      while scenario.now < end {
        var longest = MediaDuration.zero
        for _ in 0..<10 {
          scenario.run(for: .milliseconds(10))
          longest = max(
            longest,
            scenario.network.queueDelay(of: viewers[viewer].peer.address, now: scenario.now))
        }
        waits.append(longest)
      }
      return waits
    }

    /// Octets of payload and packets that came within a span of time, bits a second.
    func videoRate(_ viewer: Int, from start: MediaInstant, to end: MediaInstant) -> Double {
      let count = viewers[viewer].peer.received(Self.video).filter {
        $0.arrival > start && $0.arrival <= end && $0.packet != nil
      }.count
      // A long packet of a simulated track has this many octets.
      return Double(count) * 8000 / (end - start).seconds
    }

    func steps(_ viewer: Int) -> [(time: MediaInstant, step: LadderStep)] {
      scenario.events.compactMap {
        guard case .subscriptionAdapted(Self.videoID(viewer), let step, _) = $0.event else {
          return nil
        }
        return ($0.time, step)
      }
    }

    func checkAlways() {
      for viewer in viewers {
        scenario.expect(viewer.peer.allViolations, "a viewer's complaints")
        scenario.expect(
          InvariantChecker.always(viewer.peer.received(Self.video), allowed: [1]), "video")
        scenario.expect(
          InvariantChecker.always(viewer.peer.received(Self.audio), allowed: [2]), "audio")
      }
      #expect(scenario.batchRefused == 0, scenario.replay)
      #expect(scenario.leastFree > 1000, scenario.replay)
    }

    func checkNoLeak() {
      for member in scenario.members { scenario.command(.removePeer(member.id)) }
      scenario.run(for: .milliseconds(200))
      #expect(scenario.arena.freeCount == scenario.arena.slotCount, scenario.replay)
    }
  }

  static func link(_ rate: Int64?, loss: Double = 0, queue: Int = 60_000) -> LinkConditions {
    LinkConditions(
      loss: loss > 0 ? .uniform(loss) : .none, delay: .milliseconds(20), rate: rate, queue: queue)
  }

  @Test(
    "2 Mbit/s fall to 300 kbit/s and come back: the queue drains in 3 s, most of the capacity is used in 10 s, four fifths from then on",
    arguments: Seeds.first(12))
  func narrowing(seed: UInt64) throws {
    let call = try Call(seed: seed, viewers: [Self.link(2_000_000)], bitrate: 2_500_000)
    call.scenario.run(for: .seconds(15))
    call.change(0, to: Self.link(300_000))
    let waits = call.run(.seconds(20), watching: 0)
    #expect(
      waits[30...].allSatisfy { $0 < .milliseconds(200) }, "\(call.scenario.replay): \(waits)")
    // The encoder followed, so that the picture stays.
    #expect(call.patient.peer.bitrate(stream: 1) < 290_000, call.scenario.replay)
    let narrow = call.scenario.now
    #expect(
      call.videoRate(0, from: narrow + .seconds(-10), to: narrow) > 140_000, call.scenario.replay)
    call.change(0, to: Self.link(2_000_000))
    call.scenario.run(for: .seconds(10))
    let soon = call.videoRate(
      0, from: call.scenario.now + .seconds(-2), to: call.scenario.now)
    #expect(soon >= 0.7 * 2_000_000, "\(call.scenario.replay): \(soon)")
    // Over a whole tooth of the saw that the rate is at capacity.
    call.scenario.run(for: .seconds(10))
    let rate = call.videoRate(
      0, from: call.scenario.now + .seconds(-10), to: call.scenario.now)
    #expect(rate >= 0.8 * 2_000_000, "\(call.scenario.replay): \(rate)")
    #expect(call.steps(0).isEmpty, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test(
    "80 kbit/s carry sound alone: video is off, and an event says so", arguments: Seeds.first(4))
  func soundAlone(seed: UInt64) throws {
    let call = try Call(
      seed: seed, viewers: [Self.link(80_000, queue: 20_000)], bitrate: 600_000)
    call.scenario.run(for: .seconds(10))
    #expect(call.steps(0).last?.step.hasVideo == false, call.scenario.replay)
    let start = call.scenario.now
    let waits = call.run(.seconds(20), watching: 0)
    let end = call.scenario.now
    #expect(call.videoRate(0, from: start, to: end) == 0, call.scenario.replay)
    #expect(waits.allSatisfy { $0 < .milliseconds(200) }, "\(call.scenario.replay): \(waits)")
    let sound = call.viewers[0].peer.received(Call.audio).filter { $0.arrival > start }
    #expect(sound.count > 980, call.scenario.replay)
    // Back at once where the path is wide again.
    call.change(0, to: Self.link(2_000_000))
    call.scenario.run(for: .seconds(20))
    #expect(call.steps(0).last?.step == .full, call.scenario.replay)
    let wide = call.scenario.now
    #expect(
      call.videoRate(0, from: wide + .seconds(-3), to: wide) > 300_000, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test(
    "One viewer of three at 150 kbit/s changes nothing for the others", arguments: Seeds.first(4))
  func oneOfThree(seed: UInt64) throws {
    let call = try Call(
      seed: seed, viewers: [.perfect, Self.link(150_000, queue: 20_000), .perfect])
    call.scenario.run(for: .seconds(20))
    #expect(call.patient.peer.bitrate(stream: 1) == 1_500_000, call.scenario.replay)
    for viewer in [0, 2] {
      #expect(call.steps(viewer).isEmpty, call.scenario.replay)
      call.scenario.expect(
        InvariantChecker.complete(
          call.viewers[viewer].peer.received(Call.video), stream: 1,
          published: call.patient.peer.packetCount(stream: 1), tail: 40), "video")
    }
    #expect(call.steps(1).last?.step.hasVideo == false, call.scenario.replay)
    let sound = call.viewers[1].peer.received(Call.audio)
    let late = sound.filter { $0.arrival > call.scenario.now + .seconds(-10) }
    #expect(late.count > 480, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test("At 10 % loss video goes on", arguments: Seeds.first(4))
  func loss(seed: UInt64) throws {
    let down = LinkConditions(loss: .uniform(0.1), delay: .milliseconds(50))
    let call = try Call(seed: seed, viewers: [down], bitrate: 1_000_000)
    call.scenario.run(for: .seconds(25))
    #expect(call.steps(0).isEmpty, call.scenario.replay)
    let end = call.scenario.now
    #expect(call.videoRate(0, from: end + .seconds(-10), to: end) > 300_000, call.scenario.replay)
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test(
    "A camera that is on again after two seconds is seen on a narrow path, and stays so",
    arguments: [300_000, 600_000, 2_000_000] as [Int64], Seeds.first(8))
  func cameraOnAgain(rate: Int64, seed: UInt64) throws {
    let call = try Call(seed: seed, viewers: [Self.link(rate, queue: Int(rate * 3 / 80))])
    call.scenario.run(for: .seconds(15))
    call.patient.peer.setInput(stream: 1, false)
    call.scenario.run(for: .seconds(2))
    call.patient.peer.setInput(stream: 1, true)
    let on = call.scenario.now
    let waits = call.run(.seconds(10), watching: 0)
    #expect(call.steps(0).isEmpty, call.scenario.replay)
    for second in 0..<10 {
      let start = on + .seconds(Int64(second))
      #expect(
        call.videoRate(0, from: start, to: start + .seconds(1)) > 0.35 * Double(rate),
        "\(call.scenario.replay): second \(second)")
    }
    #expect(
      waits[10...].allSatisfy { $0 < .milliseconds(200) }, "\(call.scenario.replay): \(waits)")
    call.checkAlways()
    call.checkNoLeak()
  }

  @Test("On a path that carries it, packets leave in the turn in which they came")
  func ample() throws {
    let call = try Call(seed: 1, viewers: [Self.link(20_000_000)])
    call.scenario.run(for: .seconds(10))
    let counters = call.scenario.worker.counters
    #expect(counters.refused(.pacerTooOld) == 0)
    #expect(counters.refused(.withdrawn) == 0)
    // The frames of the last seconds came in one piece.
    let late = call.viewers[0].peer.received(Call.video).filter {
      $0.arrival > call.scenario.now + .seconds(-5) && !$0.isKeyframeStart
    }
    var spread = 0
    for (a, b) in zip(late, late.dropFirst())
    where a.timestamp == b.timestamp && b.arrival - a.arrival > .milliseconds(1) { spread += 1 }
    #expect(spread * 50 < late.count, "\(spread) of \(late.count)")
    call.checkAlways()
    call.checkNoLeak()
  }

  /// Conditions as networks have them, each direction by itself.
  static func any(_ random: inout SeededRandom) -> LinkConditions {
    let loss: LinkConditions.Loss =
      switch Int.random(in: 0..<8, using: &random) {
      case 0...3: .none
      case 4, 5: .uniform(Double.random(in: 0...0.2, using: &random))
      case 6:
        .bursts(
          toBad: Double.random(in: 0.005...0.05, using: &random),
          toGood: Double.random(in: 0.1...0.4, using: &random), whenGood: 0,
          whenBad: Double.random(in: 0.4...1, using: &random))
      // Nothing passes.
      default: .uniform(1)
      }
    return LinkConditions(
      loss: loss, delay: .milliseconds(Int64.random(in: 1...150, using: &random)),
      jitter: .milliseconds(Int64.random(in: 0...50, using: &random)),
      reordering: Bool.random(using: &random) ? 0 : 0.03,
      duplication: Bool.random(using: &random) ? 0 : 0.02,
      rate: Bool.random(using: &random)
        ? nil : Int64.random(in: 20_000...3_000_000, using: &random),
      queue: Int.random(in: 5000...150_000, using: &random))
  }

  @Test(
    "Whatever paths do, no rule is broken and no slot is lost", arguments: Seeds.first(80))
  func anything(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let call = try Call(
      seed: seed, viewers: [Self.any(&random), Self.any(&random)],
      obeys: Bool.random(using: &random), rtx: Bool.random(using: &random))
    for _ in 0..<8 {
      call.scenario.run(for: .milliseconds(Int64.random(in: 200...2000, using: &random)))
      switch Int.random(in: 0..<8, using: &random) {
      case 0: call.scenario.command(.setPublicationMuted(PublicationID(rawValue: 1), true))
      case 1: call.scenario.command(.setPublicationMuted(PublicationID(rawValue: 1), false))
      case 2: call.scenario.command(.bindSubscription(Call.videoID(0), nil))
      case 3: call.scenario.command(.bindSubscription(Call.videoID(0), PublicationID(rawValue: 1)))
      case 4:
        call.scenario.network.change(
          call.patient.peer.address, up: Self.any(&random), down: Self.any(&random))
      default:
        call.scenario.network.change(
          call.viewers[Int.random(in: 0...1, using: &random)].peer.address,
          up: Self.any(&random), down: Self.any(&random))
      }
    }
    call.checkAlways()
    call.checkNoLeak()
  }
}

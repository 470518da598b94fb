import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// What changes in the middle of a call must not break what goes on.
struct ChangeTests {
  static let lossy = LinkConditions(
    loss: .uniform(0.03), delay: .milliseconds(25), jitter: .milliseconds(3), reordering: 0.02)

  static func camera(_ stream: UInt32, ssrc: UInt32) -> SimulatedTrack {
    SimulatedTrack(
      kind: .video, stream: stream, ssrc: SSRC(ssrc), rtxSSRC: SSRC(ssrc + 1), mid: "v\(stream)")
  }

  static func microphone(_ stream: UInt32, ssrc: UInt32) -> SimulatedTrack {
    SimulatedTrack(
      kind: .audio, stream: stream, ssrc: SSRC(ssrc), rtxSSRC: nil, mid: "a\(stream)")
  }

  @Test("A late viewer has a picture within two round trips and a frame", arguments: Seeds.first(6))
  func lateViewer(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let conditions = LinkConditions(delay: .milliseconds(25))
    let patient = try scenario.join(up: conditions, down: conditions)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    // Nobody looks: nothing is kept, nobody asks.
    scenario.run(for: .seconds(7))
    #expect(patient.peer.feedback.keyframeRequests == 0, scenario.replay)
    let joined = scenario.now
    let viewer = try scenario.join(up: conditions, down: conditions)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.run(for: .seconds(1))
    let first = try #require(viewer.peer.received(SSRC(9000)).first, scenario.replay)
    #expect(first.isKeyframeStart, scenario.replay)
    #expect(first.arrival - joined < .milliseconds(4 * 25 + 34 + 10), scenario.replay)
    #expect(patient.peer.feedback.keyframeRequests == 1, scenario.replay)
  }

  @Test("The question for a keyframe is repeated when it is lost", arguments: Seeds.first(6))
  func keyframeRequestLost(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let down = LinkConditions(loss: .uniform(0.7), delay: .milliseconds(25))
    let patient = try scenario.join(up: .perfect, down: down)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    scenario.run(for: .seconds(2))
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.run(for: .seconds(20))
    #expect(viewer.peer.received(SSRC(9000)).first?.isKeyframeStart == true, scenario.replay)
  }

  @Test("Six viewers that come at once cost one keyframe")
  func mergedRequests() throws {
    let scenario = try Scenario.make(seed: 3)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    scenario.run(for: .seconds(3))
    let before = patient.peer.keyframes(stream: 1)
    for i in 0..<6 {
      let viewer = try scenario.join(up: .perfect, down: .perfect)
      scenario.view(
        camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: UInt64(i)),
        ssrc: SSRC(9000), rtxSSRC: SSRC(9001))
      scenario.run(for: .milliseconds(2))
    }
    scenario.run(for: .seconds(2))
    #expect(patient.peer.keyframes(stream: 1) == before + 1)
    for member in scenario.members.dropFirst() {
      #expect(member.peer.received(SSRC(9000)).first?.isKeyframeStart == true)
    }
  }

  @Test(
    "A publisher that restarts with other SSRCs, numbers and picture ids breaks nothing",
    arguments: Seeds.first(8))
  func restart(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let patient = try scenario.join(up: Self.lossy, down: Self.lossy)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    let microphone = scenario.publish(Self.microphone(2, ssrc: 3000), by: patient)
    let viewer = try scenario.join(up: Self.lossy, down: Self.lossy)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.view(
      microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: 2), ssrc: SSRC(9100),
      rtxSSRC: nil, feedback: [])
    for round in 1...3 {
      scenario.run(for: .seconds(3))
      let base = UInt32(round * 10_000)
      patient.peer.restart(
        stream: 1, ssrc: SSRC(base), rtxSSRC: SSRC(base + 1), now: scenario.now)
      patient.peer.restart(stream: 2, ssrc: SSRC(base + 2), rtxSSRC: nil, now: scenario.now)
    }
    scenario.run(for: .seconds(3))
    scenario.expect(viewer.peer.allViolations, "the viewer's complaints")
    let video = viewer.peer.received(SSRC(9000))
    scenario.expect(InvariantChecker.always(video, allowed: [1]), "video")
    scenario.expect(
      InvariantChecker.always(viewer.peer.received(SSRC(9100)), allowed: [2]), "audio")
    // The numbers have no gap but those of packets that a restart made unrecoverable.
    let span = try #require(video.last).sequence - (try #require(video.first)).sequence + 1
    #expect(span - Int64(video.count) < 20, scenario.replay)
    let last = try #require(video.last?.packet)
    #expect(last + 30 > patient.peer.packetCount(stream: 1), scenario.replay)
  }

  @Test(
    "A subscription that is switched between two cameras stays one continuous stream",
    arguments: Seeds.first(8))
  func switching(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let patient = try scenario.join(up: Self.lossy, down: .perfect)
    let expert = try scenario.join(up: Self.lossy, down: .perfect)
    let first = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    let second = scenario.publish(Self.camera(2, ssrc: 4000), by: expert)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    let subscription = SubscriptionID(rawValue: 1)
    scenario.view(
      first, kind: .video, by: viewer, as: subscription, ssrc: SSRC(9000), rtxSSRC: SSRC(9001))
    for round in 0..<6 {
      scenario.run(for: .seconds(2))
      scenario.command(.bindSubscription(subscription, round % 2 == 0 ? second : first))
    }
    scenario.run(for: .seconds(2))
    scenario.expect(viewer.peer.allViolations, "the viewer's complaints")
    let video = viewer.peer.received(SSRC(9000))
    scenario.expect(InvariantChecker.always(video, allowed: [1, 2]), "video")
    var switches = 0
    for (a, b) in zip(video, video.dropFirst()) where a.stream != b.stream {
      switches += 1
      #expect(b.isKeyframeStart, scenario.replay)
      let gap = b.timestamp &- a.timestamp
      #expect(gap > 0 && gap < 90_000, scenario.replay)
    }
    #expect(switches == 6, scenario.replay)
  }

  @Test(
    "A subscription that is taken away carries nothing from that turn on, and goes on when given back",
    arguments: Seeds.first(4))
  func takenAway(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let patient = try scenario.join(up: Self.lossy, down: .perfect)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    let microphone = scenario.publish(Self.microphone(2, ssrc: 3000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    let (picture, sound) = (SubscriptionID(rawValue: 1), SubscriptionID(rawValue: 2))
    scenario.view(
      camera, kind: .video, by: viewer, as: picture, ssrc: SSRC(9000), rtxSSRC: SSRC(9001))
    scenario.view(
      microphone, kind: .audio, by: viewer, as: sound, ssrc: SSRC(9100), rtxSSRC: nil, feedback: [])
    scenario.run(for: .seconds(2))
    scenario.command(.bindSubscription(picture, nil))
    scenario.command(.bindSubscription(sound, nil))
    let taken = scenario.now
    scenario.run(for: .seconds(3))
    scenario.command(.bindSubscription(picture, camera))
    scenario.command(.bindSubscription(sound, microphone))
    let given = scenario.now
    scenario.run(for: .seconds(2))
    scenario.expect(viewer.peer.allViolations, "the viewer's complaints")
    // What was under way to the viewer may still arrive.
    let path = MediaDuration.milliseconds(21)
    for ssrc in [SSRC(9000), SSRC(9100)] {
      let received = viewer.peer.received(ssrc)
      #expect(received.contains { $0.arrival < taken }, scenario.replay)
      #expect(
        !received.contains { $0.arrival > taken + path && $0.arrival < given }, scenario.replay)
      #expect(received.contains { $0.arrival > given }, scenario.replay)
    }
    let again = try #require(viewer.peer.received(SSRC(9000)).first { $0.arrival > given })
    #expect(again.isKeyframeStart, scenario.replay)
  }

  @Test(
    "Nothing of a muted microphone is heard, and it goes on where it was", arguments: Seeds.first(4)
  )
  func mute(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let patient = try scenario.join(up: Self.lossy, down: Self.lossy)
    let microphone = scenario.publish(Self.microphone(2, ssrc: 3000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: 2), ssrc: SSRC(9100),
      rtxSSRC: nil, feedback: [])
    scenario.run(for: .seconds(2))
    scenario.command(.setPublicationMuted(microphone, true))
    let muted = scenario.now
    scenario.run(for: .seconds(3))
    scenario.command(.setPublicationMuted(microphone, false))
    let unmuted = scenario.now
    scenario.run(for: .seconds(2))
    let audio = viewer.peer.received(SSRC(9100))
    // What was under way to the viewer when the mute came may still arrive.
    let path = MediaDuration.milliseconds(21)
    #expect(
      !audio.contains { $0.arrival > muted + path && $0.arrival < unmuted }, scenario.replay)
    #expect(audio.contains { $0.arrival > unmuted }, scenario.replay)
    scenario.expect(InvariantChecker.always(audio, allowed: [2]), "audio")
    let sequences = audio.map(\.sequence)
    let span = try #require(sequences.last) - (try #require(sequences.first)) + 1
    // Loss on the way up stays a gap, the mute does not.
    #expect(span - Int64(sequences.count) < 20, scenario.replay)
    // The pause is in the timestamps.
    let jump = zip(audio, audio.dropFirst()).map { $1.timestamp &- $0.timestamp }.max() ?? 0
    #expect((140_000...160_000).contains(jump), scenario.replay)
  }

  @Test("What a publisher that fell silent left in the history is given back")
  func silence() throws {
    let scenario = try Scenario.make(seed: 6)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.run(for: .seconds(3))
    #expect(scenario.arena.freeCount < scenario.arena.slotCount - 10)
    patient.peer.setActive(stream: 1, false)
    scenario.run(for: .seconds(4))
    #expect(scenario.arena.freeCount == scenario.arena.slotCount)
  }

  @Test("Joining and leaving disturbs nobody, and all memory comes back", arguments: Seeds.first(3))
  func churn(seed: UInt64) throws {
    let scenario = try Scenario.make(seed: seed)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    for i in 0..<20 {
      let guest = try scenario.join(up: Self.lossy, down: Self.lossy)
      let own = scenario.publish(
        Self.camera(UInt32(100 + i), ssrc: UInt32(50_000 + i * 10)), by: guest)
      scenario.view(
        camera, kind: .video, by: guest, as: SubscriptionID(rawValue: UInt64(1000 + i)),
        ssrc: SSRC(9000), rtxSSRC: SSRC(9001))
      scenario.view(
        own, kind: .video, by: viewer, as: SubscriptionID(rawValue: UInt64(2000 + i)),
        ssrc: SSRC(UInt32(70_000 + i * 2)), rtxSSRC: SSRC(UInt32(70_001 + i * 2)))
      scenario.run(for: .milliseconds(400))
      if i % 3 == 0 { scenario.command(.removePublication(own)) }
      scenario.command(.removePeer(guest.id))
      scenario.run(for: .milliseconds(100))
    }
    scenario.expect(
      InvariantChecker.complete(
        viewer.peer.received(SSRC(9000)), stream: 1,
        published: patient.peer.packetCount(stream: 1), tail: 10), "video")
    scenario.expect(viewer.peer.allViolations, "the viewer's complaints")
    for member in scenario.members.prefix(2) { scenario.command(.removePeer(member.id)) }
    #expect(scenario.arena.freeCount == scenario.arena.slotCount, scenario.replay)
  }

  @Test("A subscription that was removed and comes back under its SSRC is no replay to the viewer")
  func comesBack() throws {
    let scenario = try Scenario.make(seed: 12)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(Self.camera(1, ssrc: 2000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    for i in 1...4 {
      let id = SubscriptionID(rawValue: UInt64(i))
      if i == 1 {
        scenario.view(
          camera, kind: .video, by: viewer, as: id, ssrc: SSRC(9000), rtxSSRC: SSRC(9001))
      } else {
        scenario.command(
          .addSubscription(
            id,
            SubscriptionParameters(
              peer: viewer.id, mid: "x", kind: .video, ssrc: SSRC(9000), rtxSSRC: SSRC(9001),
              payloads: SimulatedFormat.payloads(.video),
              extensions: SimulatedFormat.extensions, cname: "c", feedback: [.nack, .pli],
              publication: camera)))
      }
      scenario.run(for: .seconds(1))
      scenario.command(.removeSubscription(id))
      scenario.run(for: .milliseconds(300))
    }
    #expect(viewer.peer.feedback.refused == 0)
    let video = viewer.peer.received(SSRC(9000))
    #expect(Set(video.map(\.sequence)).count == video.count)
    for (a, b) in zip(video, video.dropFirst()) { #expect(b.sequence == a.sequence + 1) }
  }
}

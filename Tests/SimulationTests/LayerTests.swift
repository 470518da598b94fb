import Congestion
import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// One camera in three encodings, and viewers who need different ones.
struct LayerTests {
  struct Call {
    let scenario: Scenario
    let publisher: Scenario.Member
    var viewers: [Scenario.Member] = []
    static let rids = ["q", "h", "f"]
    let camera: PublicationID
    let microphone: PublicationID

    init(seed: UInt64) throws {
      scenario = try Scenario.make(seed: seed)
      publisher = try scenario.join(up: .perfect, down: .perfect)
      let rates = [150_000, 500_000, 1_500_000]
      let tracks = (0..<3).map { i in
        var track = SimulatedTrack(
          kind: .video, stream: UInt32(i + 1), ssrc: SSRC(UInt32(2000 + 10 * i)),
          rtxSSRC: SSRC(UInt32(2001 + 10 * i)), mid: "v", bitrate: rates[i])
        track.rid = Self.rids[i]
        track.width = 320 << UInt16(i)
        track.height = 180 << UInt16(i)
        track.hasTemporalLayers = true
        return track
      }
      camera = try #require(scenario.publish(simulcast: tracks, by: publisher))
      microphone = scenario.publish(
        SimulatedTrack(kind: .audio, stream: 9, ssrc: SSRC(3000), rtxSSRC: nil, mid: "a"),
        by: publisher, feedback: [.transportCC])
    }

    mutating func join(_ down: LinkConditions) throws {
      let viewer = try scenario.join(up: .perfect, down: down)
      viewer.peer.sendsTransportFeedback = true
      scenario.view(
        camera, kind: .video, by: viewer, as: id(viewers.count), ssrc: SSRC(9000),
        rtxSSRC: SSRC(9001))
      scenario.view(
        microphone, kind: .audio, by: viewer,
        as: SubscriptionID(rawValue: UInt64(30 + viewers.count)), ssrc: SSRC(9100), rtxSSRC: nil,
        feedback: [])
      viewers.append(viewer)
    }

    func id(_ viewer: Int) -> SubscriptionID { SubscriptionID(rawValue: UInt64(10 + viewer)) }

    func show(_ viewer: Int, _ width: Int, _ height: Int) {
      scenario.command(.setView(id(viewer), PictureSize(width: width, height: height)))
    }

    /// What a viewer got in the last span: frames a second by stream.
    func frames(_ viewer: Int, last span: MediaDuration) -> [UInt32: Double] {
      let start = scenario.now + MediaDuration(nanoseconds: -span.nanoseconds)
      var counts: [UInt32: Set<UInt16>] = [:]
      for packet in viewers[viewer].peer.received(SSRC(9000)) where packet.arrival > start {
        guard let stream = packet.stream, let picture = packet.pictureID else { continue }
        counts[stream, default: []].insert(picture)
      }
      return counts.mapValues { Double($0.count) / span.seconds }
    }

    /// What the publisher was told last.
    var active: [String]? {
      for (_, event) in scenario.events.reversed() {
        if case .encodingsNeeded(camera, let rids) = event { return rids }
      }
      return nil
    }

    /// For messages: what was told, in order.
    var told: [String] {
      scenario.events.compactMap { time, event in
        let at = "\(time.nanoseconds / 1_000_000)"
        return switch event {
        case .subscriptionAdapted(let id, let step, let reason):
          "\(at) \(id.rawValue) \(step) \(reason)"
        case .encodingsNeeded(_, let rids): "\(at) \(rids)"
        default: nil
        }
      }
    }

    func checkAlways() {
      for viewer in viewers {
        scenario.expect(viewer.peer.allViolations, "a viewer's complaints")
        scenario.expect(
          InvariantChecker.always(viewer.peer.received(SSRC(9000)), allowed: [1, 2, 3]), "video")
      }
      scenario.expect(publisher.peer.allViolations, "the publisher's complaints")
      for member in scenario.members { scenario.command(.removePeer(member.id)) }
      scenario.run(for: .milliseconds(200))
      #expect(scenario.arena.freeCount == scenario.arena.slotCount, scenario.replay)
    }
  }

  static func link(_ rate: Int64?) -> LinkConditions {
    LinkConditions(loss: .none, delay: .milliseconds(20), rate: rate, queue: 60_000)
  }

  @Test("One viewer gets the whole picture, and the smaller encodings never run")
  func onePair() throws {
    var call = try Call(seed: 1)
    try call.join(Self.link(nil))
    call.scenario.run(for: .seconds(10))
    #expect(Set(call.frames(0, last: .seconds(2)).keys) == [3])
    #expect(call.active.map { $0 == ["f"] } ?? true)
    #expect(call.publisher.peer.packetCount(stream: 1) == 0)
    #expect(call.publisher.peer.packetCount(stream: 2) == 0)
    call.checkAlways()
  }

  @Test(
    "Of three viewers one is narrow and one shows a small picture: each gets what fits, and the first all",
    arguments: Seeds.first(3))
  func threeViewers(seed: UInt64) throws {
    var call = try Call(seed: seed)
    try call.join(Self.link(nil))
    try call.join(Self.link(800_000))
    try call.join(Self.link(nil))
    call.show(0, 1280, 720)
    call.show(1, 1280, 720)
    call.show(2, 300, 170)
    call.scenario.run(for: .seconds(20))
    let replay = call.scenario.replay
    let first = call.frames(0, last: .seconds(5))
    let narrow = call.frames(1, last: .seconds(5))
    let small = call.frames(2, last: .seconds(5))
    #expect(Set(first.keys) == [3] && first[3] ?? 0 > 28, "\(replay): \(first)")
    #expect(Set(narrow.keys) == [2] && narrow[2] ?? 0 > 28, "\(replay): \(narrow) \(call.told)")
    #expect(Set(small.keys) == [1] && small[1] ?? 0 > 28, "\(replay): \(small)")
    #expect(call.active == ["q", "h", "f"], "\(replay)")
    call.checkAlways()
  }

  @Test("A picture that is shown larger comes larger in a second, and what nobody gets is stopped")
  func sizes() throws {
    var call = try Call(seed: 7)
    try call.join(Self.link(nil))
    try call.join(Self.link(nil))
    call.show(0, 600, 340)
    call.show(1, 300, 170)
    call.scenario.run(for: .seconds(12))
    #expect(Set(call.frames(0, last: .seconds(2)).keys) == [2])
    #expect(Set(call.frames(1, last: .seconds(2)).keys) == [1])
    #expect(call.active == ["q", "h"])
    let before = call.publisher.peer.packetCount(stream: 3)
    call.scenario.run(for: .seconds(1))
    #expect(call.publisher.peer.packetCount(stream: 3) == before)
    call.show(1, 1280, 720)
    call.scenario.run(for: .seconds(1))
    call.scenario.run(for: .seconds(1))
    #expect(Set(call.frames(1, last: .seconds(1)).keys) == [3])
    call.scenario.run(for: .seconds(8))
    #expect(call.active == ["h", "f"])
    call.checkAlways()
  }

  @Test("On a path that carries hardly any picture the smallest comes, with as many frames as fit")
  func fewerFrames() throws {
    var call = try Call(seed: 9)
    try call.join(Self.link(300_000))
    try call.join(Self.link(nil))
    call.scenario.run(for: .seconds(30))
    let narrow = call.frames(0, last: .seconds(5))
    #expect(Set(narrow.keys) == [1] && narrow[1] ?? 0 > 6, "\(narrow) \(call.told)")
    #expect(Set(call.frames(1, last: .seconds(5)).keys) == [3])
    call.checkAlways()
  }

  @Test(
    "Where details count, a narrow path takes frames and leaves the size", arguments: Seeds.first(3)
  )
  func detail(seed: UInt64) throws {
    var call = try Call(seed: seed)
    call.scenario.command(.setPublicationPriority(call.camera, .detail))
    try call.join(Self.link(1_400_000))
    try call.join(Self.link(nil))
    call.show(0, 1280, 720)
    call.show(1, 1280, 720)
    call.scenario.run(for: .seconds(20))
    let replay = call.scenario.replay
    let narrow = call.frames(0, last: .seconds(5))
    #expect(Set(narrow.keys) == [3], "\(replay): \(narrow) \(call.told)")
    #expect((5...20).contains(narrow[3] ?? 0), "\(replay): \(narrow)")
    let wide = call.frames(1, last: .seconds(5))
    #expect(Set(wide.keys) == [3] && wide[3] ?? 0 > 28, "\(replay): \(wide)")
    call.checkAlways()
  }
}

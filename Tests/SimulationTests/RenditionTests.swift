import Congestion
import MediaEngine
@testable import Simulation
import Testing
import Transport
import Wire

/// A camera with one encoding, viewers whose paths differ, and a smaller picture made for the narrow one.
struct RenditionTests {
  /// What a hook does, under virtual time: begins and ends as the worker says, makes thirty pictures a second of the
  /// size that is asked for, and a keyframe when one is.
  struct Maker {
    static let stream: UInt32 = 77
    var feed: PacketFeed?
    let tap = PacketTap(capacity: 2048)
    var bitrate = 0
    private var told = 0
    private var sequence: UInt16 = 65_500
    private var picture: UInt16 = 32_700
    private var packets: UInt32 = 0
    private var answered: UInt32?
    private var next: MediaInstant?
    /// Of the publisher, as it was tapped last.
    private var timestamp: UInt32 = 0
    private(set) var begun: [MediaInstant] = []
    private(set) var ended: [MediaInstant] = []
    private(set) var keyframes = 0

    mutating func run(_ scenario: Scenario, _ camera: PublicationID) {
      for (_, event) in scenario.events.dropFirst(told) {
        guard case .renditionNeeded(camera, let isNeeded) = event else { continue }
        if isNeeded, feed == nil {
          let made = PacketFeed(capacity: 128)
          feed = made
          answered = nil
          begun.append(scenario.now)
          scenario.command(.addTap(camera, tap))
          scenario.command(.addRendition(camera, made))
        } else if !isNeeded, let former = feed {
          ended.append(scenario.now)
          scenario.command(.removeTap(camera, tap))
          scenario.command(.removeRendition(camera, former))
          feed = nil
        }
      }
      told = scenario.events.count
      tap.drain(limit: .max) { octets, _ in
        if let packet = RTPPacket(octets) { timestamp = packet.timestamp }
      }
      guard let feed, next.map({ scenario.now >= $0 }) ?? true else { return }
      next = scenario.now + .milliseconds(33)
      encode(into: feed)
    }

    private mutating func encode(into feed: PacketFeed) {
      bitrate = feed.bitrate
      let isKey = answered != feed.keyframesAsked
      answered = feed.keyframesAsked
      if isKey { keyframes += 1 }
      var rest = bitrate / 8 / 30 * (isKey ? 4 : 1)
      var isStart = true
      while rest > 0 {
        let length = min(rest, 1000)
        rest -= length
        var packet: [UInt8] = [
          0x80, 96 | (rest == 0 ? 0x80 : 0), UInt8(sequence >> 8), UInt8(sequence & 255),
        ]
        for number in [timestamp, 4444] {
          packet += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
        }
        packet += [
          0x80 | (isStart ? 0x10 : 0), 0x80, 0x80 | UInt8(picture >> 8), UInt8(picture & 255),
          isKey ? 0 : 1,
        ]
        packet += MarkedPayload(stream: Self.stream, packet: packets).octets(length: length)
        _ = packet.withUnsafeBytes { feed.write($0) }
        sequence &+= 1
        packets += 1
        isStart = false
      }
      picture = (picture + 1) & 0x7FFF
    }
  }

  struct Call {
    let scenario: Scenario
    let publisher: Scenario.Member
    let camera: PublicationID
    var viewers: [Scenario.Member] = []
    var maker = Maker()

    init(seed: UInt64, temporal: Bool = true, _ downs: [LinkConditions]) throws {
      scenario = try Scenario.make(seed: seed)
      publisher = try scenario.join(up: .perfect, down: .perfect)
      publisher.peer.obeysREMB = true
      var track = SimulatedTrack(
        kind: .video, stream: 1, ssrc: SSRC(2000), rtxSSRC: SSRC(2001), mid: "v",
        bitrate: 1_500_000)
      track.hasTemporalLayers = temporal
      camera = scenario.publish(
        track, by: publisher, feedback: [.nack, .pli, .transportCC, .remb])
      let microphone = scenario.publish(
        SimulatedTrack(kind: .audio, stream: 2, ssrc: SSRC(3000), rtxSSRC: nil, mid: "a"),
        by: publisher, feedback: [.transportCC])
      for down in downs {
        let viewer = try scenario.join(up: .perfect, down: down)
        viewer.peer.sendsTransportFeedback = true
        let place = UInt64(viewers.count)
        scenario.view(
          camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 10 + place),
          ssrc: SSRC(9000), rtxSSRC: SSRC(9001))
        scenario.view(
          microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: 30 + place),
          ssrc: SSRC(9100), rtxSSRC: nil, feedback: [])
        viewers.append(viewer)
      }
    }

    mutating func run(_ span: MediaDuration) {
      let end = scenario.now + span
      while scenario.now < end {
        maker.run(scenario, camera)
        scenario.run(for: .milliseconds(5))
      }
    }

    func change(_ viewer: Int, _ rate: Int64?) {
      scenario.network.change(
        viewers[viewer].peer.address, up: .perfect, down: LayerTests.link(rate))
    }

    /// Pictures a second by stream, of late.
    func frames(_ viewer: Int, last span: MediaDuration) -> [UInt32: Double] {
      let start = scenario.now + MediaDuration(nanoseconds: -span.nanoseconds)
      var counts: [UInt32: Set<UInt16>] = [:]
      for packet in viewers[viewer].peer.received(SSRC(9000)) where packet.arrival > start {
        guard let stream = packet.stream, let picture = packet.pictureID else { continue }
        counts[stream, default: []].insert(picture)
      }
      return counts.mapValues { Double($0.count) / span.seconds }
    }

    var told: [String] {
      scenario.events.compactMap { time, event in
        let at = "\(time.nanoseconds / 1_000_000)"
        return switch event {
        case .subscriptionAdapted(let id, let step, let reason):
          "\(at) \(id.rawValue) \(step) \(reason)"
        case .renditionNeeded(_, let isNeeded): "\(at) needed \(isNeeded)"
        default: nil
        }
      }
    }

    func checkAlways() {
      for viewer in viewers {
        scenario.expect(viewer.peer.allViolations, "a viewer's complaints")
        scenario.expect(
          InvariantChecker.always(
            viewer.peer.received(SSRC(9000)), allowed: [1, Maker.stream]), "video")
      }
      scenario.expect(publisher.peer.allViolations, "the publisher's complaints")
      for member in scenario.members { scenario.command(.removePeer(member.id)) }
      scenario.run(for: .milliseconds(200))
      #expect(scenario.arena.freeCount == scenario.arena.slotCount, scenario.replay)
    }
  }

  @Test(
    "Of two viewers the narrow one gets the small picture with all its frames, the other the publisher's",
    arguments: Seeds.first(3), [true, false])
  func oneNarrow(seed: UInt64, temporal: Bool) throws {
    var call = try Call(
      seed: seed, temporal: temporal, [LayerTests.link(nil), LayerTests.link(300_000)])
    call.run(.seconds(30))
    let replay = "\(call.scenario.replay) \(call.told) \(call.maker.bitrate)"
    let wide = call.frames(0, last: .seconds(5))
    let narrow = call.frames(1, last: .seconds(5))
    #expect(Set(wide.keys) == [1] && wide[1] ?? 0 > 28, "\(wide) \(replay)")
    #expect(Set(narrow.keys) == [Maker.stream], "\(narrow) \(replay)")
    #expect(narrow[Maker.stream] ?? 0 > 25, "\(narrow) \(replay)")
    #expect(call.maker.begun.count == 1 && call.maker.ended.isEmpty, "\(replay)")
    // It follows the path: with the sound it fills most of it, and not more.
    #expect((120_000...250_000).contains(call.maker.bitrate), "\(replay)")
    call.checkAlways()
  }

  @Test("Nothing is made for two people, nor while all viewers' paths carry the camera")
  func notNeeded() throws {
    for downs in [[LayerTests.link(300_000)], [LayerTests.link(nil), LayerTests.link(nil)]] {
      var call = try Call(seed: 4, downs)
      call.run(.seconds(20))
      #expect(call.maker.begun.isEmpty, "\(call.told)")
      call.checkAlways()
    }
  }

  @Test(
    "When the path is wide again the viewer gets the camera, and ten seconds later nothing is made any more"
  )
  func recovers() throws {
    var call = try Call(seed: 5, [LayerTests.link(nil), LayerTests.link(300_000)])
    call.run(.seconds(20))
    #expect(call.maker.begun.count == 1, "\(call.told)")
    call.change(1, nil)
    call.run(.seconds(30))
    let viewed = call.frames(1, last: .seconds(3))
    #expect(Set(viewed.keys) == [1] && viewed[1] ?? 0 > 28, "\(viewed) \(call.told)")
    #expect(call.maker.ended.count == 1, "\(call.told)")
    call.checkAlways()
  }

  @Test("A path that comes and goes every few seconds does not start an encoder each time")
  func hysteresis() throws {
    var call = try Call(seed: 6, [LayerTests.link(nil), LayerTests.link(300_000)])
    call.run(.seconds(15))
    for _ in 0..<6 {
      call.change(1, nil)
      call.run(.seconds(5))
      call.change(1, 300_000)
      call.run(.seconds(5))
    }
    #expect((1...3).contains(call.maker.begun.count), "\(call.told)")
    call.checkAlways()
  }

  @Test("Of a muted camera nothing passes by way of a hook either")
  func muted() throws {
    var call = try Call(seed: 7, [LayerTests.link(nil), LayerTests.link(300_000)])
    call.run(.seconds(15))
    #expect(Set(call.frames(1, last: .seconds(2)).keys) == [Maker.stream], "\(call.told)")
    call.scenario.command(.setPublicationMuted(call.camera, true))
    call.run(.milliseconds(200))
    // The hook goes on encoding what it has: nobody gets it.
    let before = call.viewers[1].peer.received(SSRC(9000)).count
    call.run(.seconds(2))
    #expect(call.viewers[1].peer.received(SSRC(9000)).count == before)
    call.scenario.command(.setPublicationMuted(call.camera, false))
    call.run(.seconds(20))
    #expect(call.frames(1, last: .seconds(2))[Maker.stream] ?? 0 > 20, "\(call.told)")
    call.checkAlways()
  }

  @Test("When what is made ends at once, its viewer goes on with the camera")
  func ends() throws {
    var call = try Call(seed: 8, [LayerTests.link(nil), LayerTests.link(300_000)])
    call.run(.seconds(15))
    let feed = try #require(call.maker.feed)
    call.change(1, nil)
    call.scenario.command(.removeRendition(call.camera, feed))
    call.scenario.run(for: .seconds(10))
    let viewed = call.frames(1, last: .seconds(1))
    #expect(Set(viewed.keys) == [1], "\(viewed) \(call.told)")
    call.checkAlways()
  }

  @Test("A camera that is negotiated anew keeps its smaller picture")
  func anew() throws {
    var call = try Call(seed: 7, [LayerTests.link(nil), LayerTests.link(300_000)])
    call.run(.seconds(15))
    call.scenario.command(
      .addPublication(
        call.camera,
        PublicationParameters(
          peer: call.publisher.id, mid: "v", kind: .video,
          payloads: SimulatedFormat.payloads(.video), extensions: SimulatedFormat.extensions,
          declaredSources: [DeclaredSource(ssrc: SSRC(2000), rtxSSRC: SSRC(2001))], muted: false,
          feedback: [.nack, .pli, .transportCC, .remb])))
    call.run(.seconds(10))
    #expect(Set(call.frames(1, last: .seconds(3)).keys) == [Maker.stream], "\(call.told)")
    #expect(Set(call.frames(0, last: .seconds(3)).keys) == [1], "\(call.told)")
    #expect(call.maker.begun.count == 1, "\(call.told)")
    call.checkAlways()
  }

  @Test("What does not fit into the feed is dropped and counted, and hostile packets are refused")
  func bounded() throws {
    let feed = PacketFeed(capacity: 4)
    let junk: [[UInt8]] = [[], [0x80], [UInt8](repeating: 0xFF, count: 1504)]
    for octets in junk { _ = octets.withUnsafeBytes { feed.write($0) } }
    let long = [UInt8](repeating: 0x80, count: 1505)
    #expect(long.withUnsafeBytes { feed.write($0) } == false)
    for _ in 0..<5 { _ = junk[1].withUnsafeBytes { feed.write($0) } }
    #expect(feed.dropped >= 2)
    var call = try Call(seed: 9, [LayerTests.link(nil)])
    call.scenario.command(.addRendition(call.camera, feed))
    call.run(.milliseconds(500))
    #expect(call.scenario.worker.counters.refused(.rtpMalformed) >= 3)
    call.checkAlways()
  }
}

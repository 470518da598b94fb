@testable import Consultation
@testable import Forwarding
@testable import MediaEngine
import Quality
import Testing
import Wire

@testable import Signaling

@Suite("The quality monitor")
struct QualityMonitorTests {
  /// A call of two, of which a worker tells what each second brings.
  struct Call {
    let clock: TestClock
    let monitor: QualityMonitor
    let id: ConsultationID
    let worker: Int
    var people: [RoomMedia.Person]
    var packets: UInt64 = 0
    var lost: [Int64] = [0, 0]
    var turns = TurnLoad.Figures()
    /// Half of what viewers speak of is sound, of which none is missing in the end.
    var repeatsSound = false
    var viewersLost: UInt64 = 0

    /// Publications of the two: microphones 10 and 11, cameras 12 and 13.
    private let tracks: [Int]

    /// - Parameter other: a call that is watched by the same monitor, on another worker.
    init(
      _ name: String = "c1", hasCameras: Bool = false, beside other: Call? = nil, worker: Int = 0
    ) throws {
      clock = other?.clock ?? TestClock()
      self.worker = worker
      tracks = hasCameras ? [10, 12] : [10]
      let tracks = tracks
      monitor =
        other?.monitor ?? QualityMonitor(thresholds: QualityThresholds(), clock: clock.signaling)
      id = try #require(ConsultationID(rawValue: name))
      people = try [ParticipantRole.patient, .physician].enumerated().map { index, role in
        let other = 1 - index
        return RoomMedia.Person(
          id: try #require(ParticipantID(rawValue: "p_\(index)")), role: role,
          peers: [PeerID(rawValue: UInt64(index))],
          publications: tracks.map {
            .init(
              track: TrackID(rawValue: UInt64($0 + index)),
              source: $0 == 10 ? .microphone : .camera, muted: false)
          },
          subscriptions: tracks.map {
            (
              SubscriptionID(rawValue: UInt64(10 + $0 + index)),
              PublicationID(rawValue: UInt64($0 + other))
            )
          })
      }
    }

    /// One second; of the patient's packets `lost` in a hundred do not come.
    mutating func second(
      uplinkLoss: Int64 = 0, of person: Int = 0, advancing: Bool = true, sending: UInt64 = 100
    ) async {
      if advancing { clock.advance(.seconds(1)) }
      packets += sending
      lost[person] += uplinkLoss
      let statistics = WorkerStatistics(
        counters: WorkerCounters(), arenaSlots: 100, arenaFree: 90, arenaRefused: 0,
        peers: (0..<2).map { peer($0) },
        publications: tracks.flatMap { [publication($0, 0), publication($0, 1)] },
        subscriptions: tracks.flatMap { [subscription($0, 0), subscription($0, 1)] })
      await monitor.sweep(
        worker, statistics, [RoomMedia(consultation: id, worker: worker, people: people)],
        dropped: 0, turns: turns)
    }

    private func peer(_ index: Int) -> PeerStatistics {
      var peer = PeerStatistics(
        id: PeerID(rawValue: UInt64(index)), isConnected: true, roundTrip: .milliseconds(40))
      peer.reported = packets
      peer.reportedLost = viewersLost
      peer.repeatsSound = repeatsSound
      peer.reportedSound = packets / 2
      return peer
    }

    private func publication(_ track: Int, _ index: Int) -> PublicationStatistics {
      PublicationStatistics(
        id: PublicationID(rawValue: UInt64(track + index)), peer: PeerID(rawValue: UInt64(index)),
        kind: track == 10 ? .audio : .video, codec: track == 10 ? .opus : .vp8, isMuted: false,
        packets: packets - UInt64(lost[index]),
        octets: packets * 80, lost: lost[index], jitter: .milliseconds(3), retransmissions: 0,
        nacked: 0, recovered: 0, abandoned: 0, keyframes: 0, keyframeRequests: 0,
        mutedPackets: 0, subscribers: 1, foundInLater: 0, losses: BurstGapCounts(),
        queue: .zero, spread: .zero, observations: [PublicationObservation()], cap: nil,
        lag: .milliseconds(track == 10 ? 40 : 15))
    }

    /// What a sender's stream has as RTP time so long after the last look.
    func rtpTime(_ track: Int, _ milliseconds: Int64) -> UInt32 {
      let elapsed = Int64(packets) * 10 + milliseconds
      return track == 10
        ? 0xFFFF_F000 &+ UInt32(truncatingIfNeeded: elapsed * 48)
        : 0x8000_0000 &+ UInt32(truncatingIfNeeded: elapsed * 90)
    }

    private func subscription(_ track: Int, _ index: Int) -> SubscriptionStatistics {
      SubscriptionStatistics(
        id: SubscriptionID(rawValue: UInt64(10 + track + index)),
        peer: PeerID(rawValue: UInt64(index)),
        publication: PublicationID(rawValue: UInt64(track + 1 - index)),
        kind: track == 10 ? .audio : .video,
        packets: packets, octets: packets * 80, retransmissions: 0, nacked: 0, unanswered: 0,
        keyframeRequests: 0, lost: 0, fractionLost: 0, jitter: .milliseconds(3),
        rtpTime: rtpTime(track, 0))
    }
  }

  @Test("what is heard of a microphone is told while it is, goes before levels, and is kept")
  func heard() async throws {
    var call = try Call()
    for second in 1...12 {
      call.people[0].heard = HeardSample(
        frames: UInt64(50 * second), loudness: -9.04, truePeak: 1.2, clipped: 0.5)
      await call.second()
    }
    let (monitor, id) = (call.monitor, call.id)
    func patient() async throws -> QualityDetail.Moment {
      let detail = try #require(await monitor.detail(of: id))
      return try #require(detail.participants.first { $0.role == "patient" }).now
    }
    let now = try await patient()
    #expect(now.loudness == -9.04 && now.truePeak == 1.2 && now.clipped == 50)
    let incidents = try #require(await monitor.detail(of: id)).incidents
    #expect(incidents.map(\.cause) == ["saturation"] && incidents.allSatisfy { $0.ended == nil })
    // Nothing more is heard, as during a mute.
    await call.second()
    #expect(try await patient().loudness == nil)
    let record = try #require(await call.monitor.records().first).content
    #expect(record.contains("\"loudness\":-9.04"))
    for second in 13...30 {
      call.people[0].heard = HeardSample(
        frames: UInt64(50 * second), loudness: -23, truePeak: -3, clipped: 0)
      await call.second()
    }
    #expect(try await patient().truePeak == -3)
    let ended = try #require(await monitor.detail(of: id)).incidents
    #expect(ended.count == 1 && ended.allSatisfy { $0.ended != nil })
  }

  @Test("sound that is sent again under its own number hides no loss on the way to a viewer")
  func repeatedSound() async throws {
    for (repeats, expected) in [(true, 8.0), (false, 4.0)] {
      var call = try Call()
      call.repeatsSound = repeats
      for _ in 0..<11 {
        call.viewersLost += 4
        await call.second()
      }
      let person = try #require(await call.monitor.detail(of: call.id)?.participants.first)
      #expect(person.now.downlinkLoss == expected)
      #expect(person.series?.downlinkLoss.last == expected)
    }
  }

  @Test("the loss of five seconds is that of their packets, not the mean of what each second lost")
  func secondsOfFewPackets() async throws {
    var call = try Call()
    for second in 1...11 {
      let isThin = second == 8
      if isThin { call.viewersLost += 10 }
      await call.second(uplinkLoss: isThin ? 10 : 0, sending: isThin ? 20 : 100)
    }
    let series = try #require(await call.monitor.detail(of: call.id)?.participants.first?.series)
    let last = try #require(series.uplinkLoss.last)
    #expect(abs(last - 1000 / 420) < 0.01)
    #expect(series.downlinkLoss.last.map { abs($0 - 1000 / 420) < 0.01 } == true)
  }

  @Test("a worker that the machine held up is told as that, and lateness of no account is not")
  func lateWorker() async throws {
    var call = try Call()
    for _ in 0..<10 {
      call.turns.note(.milliseconds(3))
      call.turns.note(wait: .milliseconds(19))
      await call.second()
    }
    #expect(await call.monitor.detail(of: call.id)?.incidents.isEmpty == true)
    call.turns.note(wait: .milliseconds(220))
    await call.second()
    let found = await call.monitor.detail(of: call.id)?.incidents ?? []
    #expect(Set(found.map { "\($0.side) \($0.cause)" }) == ["node overload"])
    #expect(await call.monitor.nodes.first?.isOverloaded == true)
    for _ in 0..<10 { await call.second() }
    let later = await call.monitor.detail(of: call.id)?.incidents ?? []
    #expect(later.count == 2 && later.allSatisfy { $0.ended != nil })
  }

  @Test("loss on the patient's uplink is told in words, costs the one direction, and ends")
  func uplinkLoss() async throws {
    var call = try Call()
    for _ in 0..<20 { await call.second() }
    var wall = await call.monitor.wall()
    #expect(wall.count == 1)
    let calm = try #require(wall.first).directions
    #expect(calm.count == 2)
    #expect(calm.allSatisfy { ($0.sound ?? 0) > 4 && $0.troubles.isEmpty })
    for _ in 0..<10 { await call.second(uplinkLoss: 12) }
    wall = await call.monitor.wall()
    let tile = try #require(wall.first)
    let heard = try #require(tile.directions.first { $0.from == "patient" })
    let other = try #require(tile.directions.first { $0.from == "physician" })
    #expect(heard.troubles.map(\.words) == ["patient's uplink: 12 % loss"])
    #expect((heard.sound ?? 5) < 3)
    #expect(other.troubles.isEmpty)
    #expect((other.sound ?? 0) > 4)
    for _ in 0..<20 { await call.second() }
    let detail = try #require(await call.monitor.detail(of: call.id))
    #expect(detail.incidents.count == 1)
    #expect(detail.incidents.first?.ended != nil)
    #expect(detail.directions.count == 2)
    let series = try #require(detail.participants.first).series
    let losses = try #require(series).uplinkLoss
    #expect((losses.max() ?? 0) > 5)
  }

  @Test("trouble is filed with its time of UTC, in English and French, without a name")
  func sentences() async throws {
    var call = try Call()
    for _ in 0..<20 { await call.second() }
    for _ in 0..<6 { await call.second(uplinkLoss: 8) }
    for _ in 0..<10 { await call.second(uplinkLoss: 12) }
    // The worst so far, not what it began with.
    let running = try #require(await call.monitor.detail(of: call.id)?.incidents.first)
    #expect(running.words == "patient's uplink: 12 % loss")
    #expect(running.sentence.hasPrefix("since "))
    #expect(running.sentenceFrench.hasPrefix("depuis "))
    for _ in 0..<90 { await call.second() }
    let detail = try #require(await call.monitor.detail(of: call.id))
    let filed = try #require(detail.incidents.first)
    let began = filed.began.dropFirst(11).prefix(5)
    let ended = try #require(filed.ended).dropFirst(11).prefix(5)
    let span = began == ended ? began : "\(began)-\(ended)"
    #expect(filed.sentence == "\(span) UTC, patient's uplink: 12 % loss")
    #expect(
      filed.sentenceFrench == "\(span) UTC, patient, voie montante\u{a0}: 12\u{a0}% de pertes")
    let record = try #require(await call.monitor.records().first).content
    #expect(record.contains("UTC, patient's uplink: 12 % loss"))
    #expect(record.contains("% de pertes"))
  }

  @Test("how far the picture is ahead of the sound is taken from what plays, and is in the record")
  func skew() async throws {
    var call = try Call(hasCameras: true)
    for _ in 0..<3 { await call.second() }
    let before = try #require(await call.monitor.detail(of: call.id)).directions
    #expect(before.allSatisfy { $0.skew.now == nil })
    for time in 1...4 {
      var statistics = ClientStatistics(timestamp: Double(time) * 5000)
      // The physician's browser plays the patient: the picture 120 ms ahead, once 300 ms behind.
      let sound = 4_000_000_000_000 + Double(time) * 5000
      statistics.inbound = [
        .init(publication: TrackID(rawValue: 10), estimatedPlayoutTimestamp: sound),
        .init(
          publication: TrackID(rawValue: 12),
          estimatedPlayoutTimestamp: sound + (time == 2 ? -300 : 120)),
      ]
      await call.monitor.note(statistics, of: call.people[1].id, in: call.id)
      for _ in 0..<5 { await call.second() }
    }
    let detail = try #require(await call.monitor.detail(of: call.id))
    let seen = try #require(detail.directions.first { $0.fromRole == "patient" }).skew
    #expect(seen.now == 120)
    #expect(seen.worst == -300)
    #expect(seen.secondsOutOfStep == 5)
    #expect(seen.mean == 165)
    let other = try #require(detail.directions.first { $0.fromRole == "physician" })
    #expect(other.skew.now == nil)
    #expect(other.skewSeries.allSatisfy { $0 == nil })
    let patient = try #require(detail.participants.first { $0.role == "patient" })
    #expect(patient.arrivalSkewMilliseconds == 25)
    let record = try #require(await call.monitor.records().first).content
    #expect(record.contains(#""skew":{"mean":165,"now":120,"secondsOutOfStep":5,"worst":-300}"#))
    // A device that is silent for long has told nothing of now.
    for _ in 0..<15 { await call.second() }
    let later = try #require(await call.monitor.detail(of: call.id))
    #expect(later.directions.allSatisfy { $0.skew.now == nil })
  }

  @Test("media time is what the relay sent both ways, second by second")
  func mediaTime() async throws {
    var call = try Call()
    for _ in 0..<10 { await call.second() }
    let time = try #require(await call.monitor.records().first).mediaTime
    // The first look has nothing to compare with.
    #expect(time == MediaTime(media: 9, video: 0))
  }

  @Test(
    "of browsers that tell what they played last the server finds how far picture and sound are apart"
  )
  func skewOfPlayed() async throws {
    var call = try Call(hasCameras: true)
    for _ in 0..<4 { await call.second() }
    var statistics = ClientStatistics(timestamp: 5000)
    // Sound of 200 ms ago, told 30 ms after the picture of 80 ms ago was played.
    statistics.inbound = [
      .init(
        publication: TrackID(rawValue: 10),
        playedRTPTimestamp: Double(call.rtpTime(10, -200 + 30)), playedAt: 70_030),
      .init(
        publication: TrackID(rawValue: 12),
        playedRTPTimestamp: Double(call.rtpTime(12, -80)), playedAt: 70_000),
    ]
    await call.monitor.note(statistics, of: call.people[1].id, in: call.id)
    await call.second()
    let detail = try #require(await call.monitor.detail(of: call.id))
    let seen = try #require(detail.directions.first { $0.fromRole == "patient" }).skew
    #expect(seen.now == 120)
    statistics.inbound[0].playedRTPTimestamp = 5e9
    await call.monitor.note(statistics, of: call.people[1].id, in: call.id)
    await call.second()
    let strange = try #require(await call.monitor.detail(of: call.id))
    #expect(strange.directions.allSatisfy { $0.skew.now == nil })
  }

  @Test("what goes wrong is told as it begins and ends to who watches, the rest is not")
  func events() async throws {
    var call = try Call()
    var events = try #require(await call.monitor.events()).makeAsyncIterator()
    for _ in 0..<20 { await call.second() }
    for _ in 0..<10 { await call.second(uplinkLoss: 20) }
    for _ in 0..<20 { await call.second() }
    let begin = try #require(await events.next())
    #expect(begin.name == "incident-begin")
    #expect(begin.incident.cause == "loss")
    #expect(begin.consultation == "c1")
    let end = try #require(await events.next())
    #expect(end.name == "incident-end")
  }

  @Test("the metrics have the labels of the list and name no consultation and nobody")
  func labels() async throws {
    var call = try Call("c_secret")
    for _ in 0..<20 { await call.second() }
    for _ in 0..<10 { await call.second(uplinkLoss: 20) }
    let text = MetricsPage(
      counters: SignalingCounters(),
      occupied: [(.active, Presences(connected: 1, reconnecting: 1))], workers: [],
      quality: await call.monitor.histograms, turns: [(0, TurnLoad.Figures())],
      hooks: HookFigures(running: 2, dropped: 7)
    ).text
    let allowed: Set<String> = [
      "worker", "reason", "class", "direction", "side", "cause", "le", "state",
    ]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let open = line.firstIndex(of: "{"), let close = line.firstIndex(of: "}") else {
        continue
      }
      for label in line[line.index(after: open)..<close].split(separator: ",") {
        let name = String(label.prefix { $0 != "=" })
        #expect(allowed.contains(name), "\(line)")
      }
    }
    #expect(text.contains("visavis_consultations_by_state{state=\"active\"} 1\n"))
    #expect(text.contains("visavis_participants_by_state{state=\"reconnecting\"} 1\n"))
    #expect(text.contains("visavis_hooks 2\n"))
    #expect(text.contains("visavis_hook_packets_dropped_total 7\n"))
    #expect(!text.contains("c_secret"))
    #expect(!text.contains("p_0"))
    #expect(text.contains("visavis_loss_ratio_bucket{direction=\"uplink\",le=\"0.2\"}"))
    #expect(text.contains("visavis_incidents_total{side=\"sender-uplink\",cause=\"loss\"} 1"))
  }

  @Test("a client's statistics are taken within bounds and refused beyond")
  func clientStatistics() throws {
    let text =
      #"{"type":"stats","timestamp":1.8e12,"transport":{"protocol":"udp","candidateType":"relay"},"#
      + #""outbound":[{"source":"camera","qualityLimitationReason":"cpu"},{"source":"new"}],"#
      + #""inbound":[{"publication":"7","framesDecoded":30,"totalFreezesDuration":0.5}]}"#
    guard case .stats(let statistics) = try ClientMessage(decoding: text.utf8).body else {
      Issue.record("not stats")
      return
    }
    #expect(statistics.outbound.count == 1)
    #expect(statistics.outbound.first?.limitation == .cpu)
    #expect(statistics.transport.isRelay == true)
    #expect(statistics.inbound.first?.framesDecoded == 30)
    for wrong in [
      #"{"type":"stats","timestamp":-1,"outbound":[],"inbound":[]}"#,
      #"{"type":"stats","timestamp":1e300,"outbound":[],"inbound":[]}"#,
      #"{"type":"stats","timestamp":1,"outbound":"x","inbound":[]}"#,
      #"{"type":"stats","timestamp":1,"outbound":[],"inbound":[{"publication":7}]}"#,
    ] {
      #expect(throws: ClientMessage.Refusal.self) {
        try ClientMessage(decoding: wrong.utf8)
      }
    }
  }
}

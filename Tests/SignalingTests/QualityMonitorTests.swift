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
  private struct Call {
    let clock = TestClock()
    let monitor: QualityMonitor
    let id: ConsultationID
    let people: [RoomMedia.Person]
    var packets: UInt64 = 0
    var lost: [Int64] = [0, 0]

    init(_ name: String = "c1") throws {
      monitor = QualityMonitor(thresholds: QualityThresholds(), clock: clock.signaling)
      id = try #require(ConsultationID(rawValue: name))
      people = try [ParticipantRole.patient, .physician].enumerated().map { index, role in
        let other = 1 - index
        return RoomMedia.Person(
          id: try #require(ParticipantID(rawValue: "p_\(index)")), role: role,
          peers: [PeerID(rawValue: UInt64(index))],
          publications: [
            .init(track: TrackID(rawValue: UInt64(10 + index)), source: .microphone, muted: false)
          ],
          subscriptions: [
            (
              SubscriptionID(rawValue: UInt64(20 + index)),
              PublicationID(rawValue: UInt64(10 + other))
            )
          ])
      }
    }

    /// One second; of the patient's packets `lost` in a hundred do not come.
    mutating func second(uplinkLoss: Int64 = 0, of person: Int = 0) async {
      clock.advance(.seconds(1))
      packets += 100
      lost[person] += uplinkLoss
      let statistics = WorkerStatistics(
        counters: WorkerCounters(), arenaSlots: 100, arenaFree: 90, arenaRefused: 0,
        peers: (0..<2).map { peer($0) }, publications: (0..<2).map { publication($0) },
        subscriptions: (0..<2).map { subscription($0) })
      await monitor.sweep(
        0, statistics, [RoomMedia(consultation: id, worker: 0, people: people)], dropped: 0,
        turns: TurnLoad.Figures())
    }

    private func peer(_ index: Int) -> PeerStatistics {
      var peer = PeerStatistics(
        id: PeerID(rawValue: UInt64(index)), isConnected: true, roundTrip: .milliseconds(40))
      peer.reported = packets
      return peer
    }

    private func publication(_ index: Int) -> PublicationStatistics {
      PublicationStatistics(
        id: PublicationID(rawValue: UInt64(10 + index)), peer: PeerID(rawValue: UInt64(index)),
        kind: .audio, isMuted: false, packets: packets - UInt64(lost[index]),
        octets: packets * 80, lost: lost[index], jitter: .milliseconds(3), retransmissions: 0,
        nacked: 0, recovered: 0, abandoned: 0, keyframes: 0, keyframeRequests: 0,
        mutedPackets: 0, subscribers: 1, foundInLater: 0, losses: BurstGapCounts(),
        queue: .zero, observation: PublicationObservation())
    }

    private func subscription(_ index: Int) -> SubscriptionStatistics {
      SubscriptionStatistics(
        id: SubscriptionID(rawValue: UInt64(20 + index)), peer: PeerID(rawValue: UInt64(index)),
        publication: PublicationID(rawValue: UInt64(11 - index)), kind: .audio,
        packets: packets, octets: packets * 80, retransmissions: 0, nacked: 0, unanswered: 0,
        keyframeRequests: 0, lost: 0, fractionLost: 0, jitter: .milliseconds(3))
    }
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
      counters: SignalingCounters(), occupied: [2], workers: [],
      quality: await call.monitor.histograms, turns: [(0, TurnLoad.Figures())]
    ).text
    let allowed: Set<String> = ["worker", "reason", "class", "direction", "side", "cause", "le"]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let open = line.firstIndex(of: "{"), let close = line.firstIndex(of: "}") else {
        continue
      }
      for label in line[line.index(after: open)..<close].split(separator: ",") {
        let name = String(label.prefix { $0 != "=" })
        #expect(allowed.contains(name), "\(line)")
      }
    }
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

@testable import Consultation
import MediaEngine
import Quality
import Simulation
import Testing
import Transport
import Wire

@testable import Signaling

/// The quality monitor on real workers and a simulated network: the faults are those of paths.
@Suite("The quality monitor on simulated paths")
struct QualitySimulationTests {
  /// Patient and physician, both with camera and microphone, of about half a megabit.
  private final class Call {
    let scenario: Scenario
    let members: [Scenario.Member]
    let clock = TestClock()
    let monitor: QualityMonitor
    let id: ConsultationID
    private let media: RoomMedia
    private(set) var second = 0
    private(set) var incidents: [(at: Int, event: QualityEvent)] = []

    init(seed: UInt64) async throws {
      let certificate = try DTLSCertificate.generate()
      scenario = Scenario(
        seed: seed, dtls: try DTLSContext(certificate: certificate),
        configuration: WorkerConfiguration())
      monitor = QualityMonitor(thresholds: QualityThresholds(), clock: clock.signaling)
      id = try #require(ConsultationID(rawValue: "simulated"))
      let scenario = scenario
      let members = try (0..<2).map { _ in try scenario.join(up: .perfect, down: .perfect) }
      self.members = members
      var people: [RoomMedia.Person] = []
      for (index, role) in [ParticipantRole.patient, .physician].enumerated() {
        let base = UInt32(1 + index * 2)
        members[index].peer.sendsTransportFeedback = true
        let camera = scenario.publish(
          SimulatedTrack(
            kind: .video, stream: base, ssrc: SSRC(2000 + base), rtxSSRC: SSRC(2100 + base),
            mid: "v", bitrate: 500_000), by: members[index])
        let microphone = scenario.publish(
          SimulatedTrack(
            kind: .audio, stream: base + 1, ssrc: SSRC(3000 + base), rtxSSRC: nil, mid: "a"),
          by: members[index], feedback: [.transportCC])
        people.append(
          RoomMedia.Person(
            id: try #require(ParticipantID(rawValue: "p_\(index)")), role: role,
            peers: [members[index].id],
            publications: [
              .init(track: TrackID(camera), source: .camera, muted: false),
              .init(track: TrackID(microphone), source: .microphone, muted: false),
            ], subscriptions: []))
      }
      for index in 0..<2 {
        for (place, publication) in people[1 - index].publications.enumerated() {
          let view = SubscriptionID(rawValue: UInt64(20 + index * 2 + place))
          let kind: MediaKind = place == 0 ? .video : .audio
          scenario.view(
            PublicationID(publication.track), kind: kind, by: members[index], as: view,
            ssrc: SSRC(9000 + UInt32(view.rawValue)),
            rtxSSRC: kind == .video ? SSRC(9500 + UInt32(view.rawValue)) : nil,
            feedback: kind == .video ? [.nack, .pli, .transportCC] : [.transportCC])
          people[index].subscriptions.append((view, PublicationID(publication.track)))
        }
      }
      media = RoomMedia(consultation: id, worker: 0, people: people)
    }

    func run(_ seconds: Int) async throws {
      for _ in 0..<seconds {
        scenario.run(for: .seconds(1))
        clock.advance(.seconds(1))
        second += 1
        scenario.command(.collectStatistics)
        guard case .statistics(let statistics)? = scenario.events.last?.event else {
          Issue.record("no statistics")
          return
        }
        await monitor.sweep(
          0, statistics, [media], dropped: 0, turns: TurnLoad.Figures())
      }
    }

    func found() async -> [(participant: String, side: String, cause: String, isOver: Bool)] {
      (await monitor.detail(of: id)?.incidents ?? []).map {
        ($0.participant, $0.side, $0.cause, $0.ended != nil)
      }
    }
  }

  enum Fault: CaseIterable {
    case uplinkLoss, downlinkLoss, downlinkNarrow, deadCamera, deadMicrophone

    var expected: (side: String, cause: String) {
      switch self {
      case .uplinkLoss: ("sender-uplink", "loss")
      case .downlinkLoss: ("receiver-downlink", "loss")
      case .downlinkNarrow: ("receiver-downlink", "congestion")
      case .deadCamera: ("sender-device", "freeze")
      case .deadMicrophone: ("sender-device", "one-way-audio")
      }
    }
  }

  @Test(
    "A fault of one path is found on its side within 10 s and is over 15 s after it",
    arguments: Fault.allCases, 1...4)
  func faults(_ fault: Fault, seed: Int) async throws {
    let call = try await Call(seed: UInt64(seed) &* 7919)
    try await call.run(15)
    #expect(await call.found().isEmpty)
    let patient = call.members[0].peer
    switch fault {
    case .uplinkLoss:
      call.scenario.network.change(
        patient.address, up: LinkConditions(loss: .uniform(0.12)), down: .perfect)
    case .downlinkLoss:
      call.scenario.network.change(
        patient.address, up: .perfect, down: LinkConditions(loss: .uniform(0.12)))
    case .downlinkNarrow:
      call.scenario.network.change(
        patient.address, up: .perfect, down: LinkConditions(rate: 250_000, queue: 40_000))
    case .deadCamera: patient.setActive(stream: 1, false)
    case .deadMicrophone: patient.setActive(stream: 2, false)
    }
    try await call.run(10)
    let during = await call.found()
    #expect(
      during.contains {
        $0.participant == "p_0" && $0.side == fault.expected.side
          && $0.cause == fault.expected.cause
      }, "\(during)")
    #expect(
      during.allSatisfy { $0.participant == "p_0" && $0.side == fault.expected.side },
      "\(during)")
    call.scenario.network.change(patient.address, up: .perfect, down: .perfect)
    patient.setActive(stream: 1, true)
    patient.setActive(stream: 2, true)
    guard fault != .downlinkNarrow else { return }
    try await call.run(15)
    let after = await call.found()
    #expect(after.allSatisfy { $0.isOver }, "\(after)")
  }

  @Test("A minute without a fault has no incident")
  func clean() async throws {
    let call = try await Call(seed: 3)
    try await call.run(60)
    #expect(await call.found().isEmpty)
    let detail = try #require(await call.monitor.detail(of: call.id))
    #expect(detail.directions.count == 2)
    #expect(detail.directions.allSatisfy { ($0.sound.mean ?? 0) > 3.8 })
  }
}

@testable import Consultation
import MediaEngine
import Quality
import Simulation
import Testing
import Transport
import Wire

@testable import Signaling

/// Patient and physician on a real worker and a simulated network in virtual time, watched by a real
/// monitor. Both have a microphone and a camera, the patient's in two sizes of picture.
final class SimulatedCall {
  struct Found: Equatable, CustomStringConvertible {
    var participant: String
    var side: String
    var cause: String
    var isOver: Bool
    var description: String { "\(participant) \(side) \(cause)\(isOver ? "" : " goes on")" }
  }

  private static let smallCamera: UInt32 = 8
  static let camera: UInt32 = 1
  static let microphone: UInt32 = 2

  let scenario: Scenario
  let members: [Scenario.Member]
  let clock = TestClock()
  let monitor: QualityMonitor
  let id: ConsultationID
  private let seed: UInt64
  private var media: RoomMedia
  private var devices: [SimulatedDevice] = []
  private var signs = [SignsOfLife(), SignsOfLife()]
  /// Datagrams that the socket of the worker dropped.
  private var dropped: UInt64 = 0
  private(set) var second = 0
  /// Pictures were really held back from the patient.
  private(set) var wasAudioOnly = false
  /// What is wrong now, and what should be from some moment of the next second on.
  private(set) var fault: SimulatedFault?
  private var next: SimulatedFault??

  init(seed: UInt64) async throws {
    self.seed = seed
    let certificate = try DTLSCertificate.generate()
    scenario = Scenario(
      seed: seed, dtls: try DTLSContext(certificate: certificate),
      configuration: WorkerConfiguration())
    monitor = QualityMonitor(thresholds: QualityThresholds(), clock: clock.signaling)
    id = try #require(ConsultationID(rawValue: "simulated"))
    let scenario = scenario
    members = try (0..<2).map { _ in try scenario.join(up: .perfect, down: .perfect) }
    media = RoomMedia(consultation: id, worker: 0, people: [])
    let cameras = [
      try #require(publishInTwoSizes()),
      scenario.publish(
        SimulatedTrack(
          kind: .video, stream: 3, ssrc: SSRC(2003), rtxSSRC: SSRC(2103), mid: "v",
          bitrate: SimulatedFault.pictureRate), by: members[1]),
    ]
    for (index, role) in [ParticipantRole.patient, .physician].enumerated() {
      members[index].peer.sendsTransportFeedback = true
      let base = UInt32(index * 2) + Self.microphone
      let microphone = scenario.publish(
        SimulatedTrack(
          kind: .audio, stream: base, ssrc: SSRC(3000 + base), rtxSSRC: nil, mid: "a"),
        by: members[index], feedback: [.transportCC])
      media.people.append(
        RoomMedia.Person(
          id: try #require(ParticipantID(rawValue: "p_\(index)")), role: role,
          peers: [members[index].id],
          publications: [
            .init(track: TrackID(cameras[index]), source: .camera, muted: false),
            .init(track: TrackID(microphone), source: .microphone, muted: false),
          ], subscriptions: []))
    }
    for index in 0..<2 { subscribe(index) }
  }

  private func publishInTwoSizes() -> PublicationID? {
    let sizes = [(Self.smallCamera, "q", 80_000), (Self.camera, "f", SimulatedFault.pictureRate)]
    let tracks = sizes.enumerated().map { place, size in
      var track = SimulatedTrack(
        kind: .video, stream: size.0, ssrc: SSRC(2000 + size.0), rtxSSRC: SSRC(2100 + size.0),
        mid: "v", bitrate: size.2)
      track.rid = size.1
      track.width = 320 << UInt16(place)
      track.height = 180 << UInt16(place)
      return track
    }
    return scenario.publish(
      simulcast: tracks, by: members[0], feedback: [.nack, .pli, .transportCC])
  }

  private func subscribe(_ index: Int) {
    let ssrcs = (0..<2).map { SSRC(UInt32(9020 + index * 2 + $0)) }
    for (place, publication) in media.people[1 - index].publications.enumerated() {
      let view = SubscriptionID(rawValue: UInt64(20 + index * 2 + place))
      let kind: MediaKind = place == 0 ? .video : .audio
      scenario.view(
        PublicationID(publication.track), kind: kind, by: members[index], as: view,
        ssrc: ssrcs[place], rtxSSRC: kind == .video ? SSRC(9500 + UInt32(view.rawValue)) : nil,
        feedback: kind == .video ? [.nack, .pli, .transportCC] : [.transportCC])
      media.people[index].subscriptions.append((view, PublicationID(publication.track)))
    }
    devices.append(SimulatedDevice(picture: ssrcs[0], sound: ssrcs[1]))
  }

  func run(_ seconds: Int) async throws {
    for _ in 0..<seconds {
      let moment = Int64((seed &+ UInt64(second)) % 10 * 100)
      if let next {
        scenario.run(for: .milliseconds(moment))
        apply(next)
        scenario.run(for: .milliseconds(1000 - moment))
      } else {
        scenario.run(for: .seconds(1))
      }
      next = nil
      if fault == .slowNode { dropped += 40 }
      clock.advance(.seconds(1))
      second += 1
      for i in 0..<2 {
        answer(i)
        await play(i)
      }
      scenario.command(.collectStatistics)
      guard case .statistics(let statistics)? = scenario.events.last?.event else {
        Issue.record("no statistics")
        return
      }
      let patient = statistics.peers.first { $0.id == members[0].id }
      if let patient, patient.isAudioOnly { wasAudioOnly = true }
      await monitor.sweep(
        0, statistics, [media], dropped: dropped, turns: TurnLoad.Figures())
    }
  }

  func found() async -> [Found] {
    (await monitor.detail(of: id)?.incidents ?? []).map {
      Found(participant: $0.participant, side: $0.side, cause: $0.cause, isOver: $0.ended != nil)
    }
  }

  /// A browser answers when it was not heard for four seconds, also for a page that stands still.
  private func answer(_ index: Int) {
    if fault == .outage, index == 0 { return }
    let heard = [signs[index].answered, signs[index].spoke].compactMap(\.self).max()
    if heard.map({ clock.now - $0 >= .seconds(4) }) ?? true { signs[index].answered = clock.now }
    media.people[index].signs = signs[index]
  }

  /// A browser tells every five seconds.
  private func play(_ index: Int) async {
    let trouble: SimulatedDevice.Trouble =
      switch (fault, index) {
      case (.stalledClient, 0): .stalled
      case (.brokenPlayout, 0): .brokenPlayout
      case (.uplinkJitter, 1), (.downlinkJitter, 0): .late
      default: .none
      }
    devices[index].play(members[index].peer, trouble, span: 1)
    guard UInt64(second) % 5 == (seed &+ UInt64(index) * 2) % 5 else { return }
    // In an outage its words may be lost, too.
    if fault == .outage, index == 0, seed % 2 == 0 { return }
    if fault == .stoppedClient, index == 0 { return }
    signs[index].spoke = clock.now
    media.people[index].signs = signs[index]
    await monitor.note(
      devices[index].statistics(of: media.people[1 - index], time: Double(second) * 1000),
      of: media.people[index].id, in: id)
  }

  /// Breaks something of the patient's in the next second, or mends it.
  func set(_ fault: SimulatedFault?) { next = .some(fault) }

  private func apply(_ fault: SimulatedFault?) {
    self.fault = fault
    let patient = members[0].peer
    let links = fault?.links ?? (.perfect, .perfect)
    scenario.network.change(patient.address, up: links.up, down: links.down)
    for stream in [Self.smallCamera, Self.camera] {
      patient.setInput(stream: stream, fault != .deadCamera && fault != .cameraOff)
      patient.setFrameRate(stream: stream, fault == .slowCamera ? 8 : 30)
    }
    patient.setInput(stream: Self.microphone, fault != .deadMicrophone)
    patient.soundLevel = fault == .silence ? 127 : fault == .saturation ? 2 : 40
    for i in media.people[0].publications.indices {
      let source = media.people[0].publications[i].source
      let isMuted = fault == .muted || fault == .cameraOff && source == .camera
      media.people[0].publications[i].muted = isMuted
      scenario.command(
        .setPublicationMuted(PublicationID(media.people[0].publications[i].track), isMuted))
    }
    let isSmall = fault == .otherSize
    scenario.command(
      .setView(
        media.people[1].subscriptions[0].id,
        PictureSize(width: isSmall ? 320 : 640, height: isSmall ? 180 : 360)))
  }
}

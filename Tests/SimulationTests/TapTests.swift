import MediaEngine
import Simulation
import Testing
import Transport
import Wire

/// Copies of packets for those who decode them.
struct TapTests {
  private static func read(_ tap: PacketTap) -> [RTPPacket] {
    var packets: [RTPPacket] = []
    tap.drain(limit: .max) { octets, _ in
      if let packet = RTPPacket(octets) { packets.append(packet) }
    }
    return packets
  }

  @Test("A tap gets what viewers get, once, and asks for a keyframe; nothing after it was removed")
  func copies() throws {
    let scenario = try Scenario.make(seed: 5)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let camera = scenario.publish(ChangeTests.camera(1, ssrc: 2000), by: patient)
    // Nobody views it: the tap alone is worth a keyframe.
    scenario.run(for: .seconds(1))
    let tap = PacketTap(capacity: 2048)
    scenario.command(.addTap(camera, tap))
    scenario.run(for: .seconds(1))
    #expect(patient.peer.feedback.keyframeRequests == 1)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      camera, kind: .video, by: viewer, as: SubscriptionID(rawValue: 1), ssrc: SSRC(9000),
      rtxSSRC: SSRC(9001))
    scenario.run(for: .milliseconds(500))
    _ = Self.read(tap)
    let start = scenario.now
    scenario.run(for: .seconds(1))
    scenario.command(.removeTap(camera, tap))
    let end = scenario.now
    scenario.run(for: .seconds(1))
    let copied = Self.read(tap)
    let path = MediaDuration.milliseconds(5)
    let viewed = viewer.peer.received(SSRC(9000)).filter {
      $0.arrival > start + path && $0.arrival <= end
    }
    #expect(abs(copied.count - viewed.count) < 20, "\(copied.count) for \(viewed.count)")
    #expect(copied.count > 50)
    #expect(Set(copied.map(\.sequenceNumber)).count == copied.count)
    #expect(tap.dropped == 0 && Self.read(tap).isEmpty)
  }

  @Test("A muted publication is muted for its taps, also when it was negotiated anew")
  func muted() throws {
    let scenario = try Scenario.make(seed: 6)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let track = ChangeTests.microphone(2, ssrc: 3000)
    let microphone = scenario.publish(track, by: patient)
    let tap = PacketTap(capacity: 1024)
    scenario.command(.addTap(microphone, tap))
    scenario.run(for: .seconds(1))
    #expect(Self.read(tap).count > 40)
    scenario.command(.setPublicationMuted(microphone, true))
    scenario.run(for: .seconds(2))
    #expect(Self.read(tap).isEmpty)
    scenario.command(.setPublicationMuted(microphone, false))
    _ = scenario.publish(track, by: patient)
    scenario.run(for: .seconds(1))
    #expect(Self.read(tap).count > 40)
  }

  @Test("A tap is told what sender reports say, the last one at once, in terms of our clock")
  func reports() throws {
    let scenario = try Scenario.make(seed: 8)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let microphone = scenario.publish(ChangeTests.microphone(2, ssrc: 3000), by: patient)
    scenario.run(for: .seconds(8))
    let tap = PacketTap(capacity: 2048)
    scenario.command(.addTap(microphone, tap))
    var reports: [PacketTap.ClockReport] = []
    var arrivals: [(timestamp: UInt32, at: MediaInstant)] = []
    func read() {
      tap.drain(limit: .max) { report, encoding in
        #expect(encoding == 0 && report.source == SSRC(3000))
        reports.append(report)
      } _: { octets, note in
        if let packet = RTPPacket(octets) { arrivals.append((packet.timestamp, note.arrival)) }
      }
    }
    read()
    #expect(reports.count == 1 && arrivals.isEmpty)
    scenario.run(for: .seconds(12))
    read()
    #expect(reports.count > 1)
    // Both say when a packet was captured; on a perfect path nothing takes longer than a few milliseconds.
    for report in reports {
      for (timestamp, arrival) in arrivals {
        let ticks = Int64(Int32(bitPattern: timestamp &- report.timestamp))
        let captured = report.instant + MediaDuration(nanoseconds: ticks * 1_000_000 / 48)
        #expect(abs((arrival - captured).milliseconds) < 25)
      }
    }
  }

  @Test("A tap that nobody reads drops and counts, and the viewers miss nothing")
  func full() throws {
    let scenario = try Scenario.make(seed: 7)
    let patient = try scenario.join(up: .perfect, down: .perfect)
    let microphone = scenario.publish(ChangeTests.microphone(2, ssrc: 3000), by: patient)
    let viewer = try scenario.join(up: .perfect, down: .perfect)
    scenario.view(
      microphone, kind: .audio, by: viewer, as: SubscriptionID(rawValue: 2), ssrc: SSRC(9100),
      rtxSSRC: nil, feedback: [])
    let tap = PacketTap(capacity: 10)
    scenario.command(.addTap(microphone, tap))
    scenario.run(for: .seconds(4))
    #expect(tap.dropped > 150)
    // Reports take room as packets do.
    #expect(tap.drain(limit: .max) { _, _ in } == 10)
    let sequences = viewer.peer.received(SSRC(9100)).map(\.sequence)
    let span = try #require(sequences.last) - (try #require(sequences.first)) + 1
    #expect(sequences.count > 190 && span == Int64(sequences.count))
    // There is room again.
    scenario.run(for: .milliseconds(100))
    #expect(Self.read(tap).count >= 4)
  }
}

import Testing
import Wire

@testable import Quality

/// What follows from something else is not told as a fault of its own.
struct ExplainedTests {
  /// Ten seconds without a fault, then so many with it.
  private static func told(
    seconds: Int = 12, _ fault: (_ second: Int, inout ParticipantSample) -> Void
  ) -> [Incident] {
    var world = FaultWorld(seed: 5)
    var detector = IncidentDetector()
    var told: [Incident] = []
    for second in -10..<seconds {
      var sample = world.sample(nil)
      sample.downlink?.lost = 0
      for i in sample.sources.indices { sample.sources[i].lost = 0 }
      if second >= 0 { fault(second, &sample) }
      for case .began(let incident) in detector.update(sample) { told.append(incident) }
    }
    return told
  }

  @Test("Packets that are overtaken while delays vary are no loss, though they come a second later")
  func overtaken() {
    // 60 packets a second that take up to 300 ms longer: 9 of them are always underway.
    let told = Self.told { second, sample in
      sample.downlink?.reported = 60
      sample.downlink?.lost = second == 0 ? 9 : 0
      sample.downlink?.spread = .milliseconds(150)
      // Then the rate falls, and what is underway is more of what comes.
      if second >= 3 { sample.downlink?.reported = second == 3 ? 20 : 24 }
      if second == 3 { sample.downlink?.lost = -5 }
    }
    #expect(told.map(\.cause) == [.jitter])
  }

  @Test("Loss is told while delays vary, on either way")
  func lossBesideJitter() {
    let down = Self.told { second, sample in
      sample.downlink?.spread = .milliseconds(150)
      sample.downlink?.lost = 28 + (second == 0 ? 34 : 0)
    }
    #expect(down.contains { $0.side == .receiverDownlink && $0.cause == .loss })
    let up = Self.told { second, sample in
      for i in sample.sources.indices {
        sample.sources[i].spread = .milliseconds(150)
        sample.sources[i].lost = sample.sources[i].packets / 8
      }
    }
    #expect(up.contains { $0.side == .senderUplink && $0.cause == .loss })
  }

  @Test("What is underway when delays begin to vary is not told as loss on the way to us")
  func overtakenOnTheWayUp() {
    let told = Self.told { second, sample in
      for i in sample.sources.indices {
        sample.sources[i].spread = .milliseconds(150)
        sample.sources[i].lost = second == 0 ? sample.sources[i].packets * 15 / 100 : 0
      }
    }
    #expect(told.map(\.cause) == [.jitter])
  }

  @Test("What a server without time misses is not told as loss when it has time again")
  func lossOfOverload() {
    let told = Self.told { second, sample in
      // It is known a second after it began; three seconds after it something is left of it.
      sample.isNodeOverloaded = (1..<4).contains(second)
      guard second < 4 || second == 7 else { return }
      for i in sample.sources.indices { sample.sources[i].lost = sample.sources[i].packets / 6 }
      sample.downlink?.lost = 35
    }
    #expect(told.map(\.cause) == [.overload])
  }

  /// Pictures stand for 0.4 s of each second.
  private static func leaveOut(_ sample: inout ParticipantSample, cap: Int?) {
    guard let i = sample.sources.firstIndex(where: { $0.source == .camera }) else { return }
    sample.sources[i].cap = cap
    sample.sources[i].frozen = .milliseconds(400)
    sample.sources[i].frames = 7
  }

  @Test("Pictures that an encoder leaves out for what we ask of it are not its device's fault")
  func bounded() {
    #expect(Self.told { Self.leaveOut(&$1, cap: 120_000) }.isEmpty)
    // A fall to a part, which it follows after some seconds.
    let falling = Self.told { second, sample in
      guard let i = sample.sources.firstIndex(where: { $0.source == .camera }) else { return }
      sample.sources[i].cap = second < 2 ? 1_500_000 : 300_000
      if (2..<8).contains(second) { Self.leaveOut(&sample, cap: 300_000) }
    }
    #expect(falling.isEmpty)
  }

  @Test("A device that leaves pictures out by itself, or sends none, is told whatever we ask of it")
  func byItself() {
    for cap in [1_000_000, nil] {
      #expect(Self.told { Self.leaveOut(&$1, cap: cap) }.map(\.cause) == [.freeze])
    }
    let still = Self.told { _, sample in
      Self.leaveOut(&sample, cap: 120_000)
      guard let i = sample.sources.firstIndex(where: { $0.source == .camera }) else { return }
      (sample.sources[i].frames, sample.sources[i].packets) = (0, 0)
    }
    #expect(still.map(\.cause) == [.freeze])
  }
}

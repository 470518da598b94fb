internal import Simulation
internal import Wire

/// The scenarios of Docs/Network.md, where real browsers are measured in them.
extension NetworkScenario {
  /// A bottleneck that keeps 300 ms (as the test cases of RFC 8867 have it).
  private static func path(_ rate: Int64, delay: Int64) -> LinkConditions {
    LinkConditions(delay: .milliseconds(delay), rate: rate, queue: max(3_000, Int(rate) * 3 / 80))
  }

  private static func steady(_ conditions: LinkConditions) -> @Sendable (Double) -> [Phase] {
    { _ in [Phase(at: 0, conditions: conditions)] }
  }

  /// `narrow-and-wide`: when it gets narrow, and how long the end is wide.
  static let narrowFrom = 10.0
  static let wideAgain = 20.0
  static let wideRate: Int64 = 2_000_000
  /// `cut-5s`
  static let cutFrom = 5.0
  static let cutUntil = 10.0

  private static func cut(isNewAddress: Bool) -> @Sendable (Double) -> [Phase] {
    { _ in
      let quiet = LinkConditions(delay: .milliseconds(20))
      var gone = quiet
      gone.loss = .uniform(1)
      return [
        Phase(at: cutFrom, conditions: gone),
        Phase(at: cutUntil, conditions: quiet, isNewAddress: isNewAddress),
      ]
    }
  }

  static let all: [NetworkScenario] = [
    NetworkScenario(
      name: "loss-2", summary: "2 % loss, 40 ms round trip", delay: 20,
      phases: steady(LinkConditions(loss: .uniform(0.02), delay: .milliseconds(20))),
      goals: [.longestGap(most: 0.2), .concealed(below: 0.01)]),
    NetworkScenario(
      name: "loss-10", summary: "10 % loss, 100 ms round trip", delay: 50,
      phases: steady(LinkConditions(loss: .uniform(0.1), delay: .milliseconds(50))),
      goals: [.pictures(least: 15), .opinion(least: 3.5)]),
    NetworkScenario(
      name: "bursts-20",
      summary: "20 % loss in bursts of about 7 packets, 60 ms round trip",
      settling: 3, delay: 30,
      phases: steady(
        LinkConditions(
          loss: .bursts(toBad: 0.05, toGood: 0.15, whenGood: 0, whenBad: 0.8),
          delay: .milliseconds(30))),
      goals: [.concealed(below: 0.08)]),
    NetworkScenario(
      name: "narrow-and-wide", summary: "2 Mbit/s, then 300 kbit/s, then 2 Mbit/s again",
      seconds: 60, least: 45, settling: narrowFrom, delay: 20, camera: 2500,
      phases: { seconds in
        [
          Phase(at: 0, conditions: path(wideRate, delay: 20)),
          Phase(at: narrowFrom, conditions: path(300_000, delay: 20)),
          Phase(at: seconds - wideAgain, conditions: path(wideRate, delay: 20)),
        ]
      },
      goals: [
        .longestGap(most: 1), .drained(below: 200, within: 3),
        .capacity(least: 0.8, within: 15),
      ]),
    NetworkScenario(
      name: "80-kbit", summary: "80 kbit/s, 60 ms round trip", least: 12, settling: 8, delay: 30,
      phases: steady(LinkConditions(delay: .milliseconds(30), rate: 80_000, queue: 20_000)),
      goals: [.concealed(below: 0.01), .noPicture, .told]),
    NetworkScenario(
      name: "one-narrow-of-three", summary: "150 kbit/s to one viewer of three", people: 3,
      least: 12, settling: 8, delay: 20, directions: [.down],
      phases: steady(path(150_000, delay: 20)),
      goals: [.concealed(below: 0.01), .othersUnchanged(least: 0.9)]),
    NetworkScenario(
      name: "far-jitter", summary: "300 ms round trip, 50 ms jitter, 2 % loss", settling: 3,
      delay: 150,
      phases: steady(
        LinkConditions(
          loss: .uniform(0.02), delay: .milliseconds(150), jitter: .milliseconds(50))),
      goals: [.resent(below: 1.3)]),
    NetworkScenario(
      name: "cut-5s", summary: "the path is cut for 5 s", seconds: 25, least: 13, delay: 20,
      phases: cut(isNewAddress: false), goals: [.back(within: 1)]),
    NetworkScenario(
      name: "cut-5s-moved", summary: "the path is cut for 5 s, and then comes from another port",
      seconds: 25, least: 13, delay: 20, phases: cut(isNewAddress: true),
      goals: [.back(within: 1)]),
  ]
}

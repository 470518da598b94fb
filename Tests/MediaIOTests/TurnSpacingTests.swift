import Testing
import Wire

@testable import MediaIO

/// Arrivals of packets, and what a loop like `WorkerLoop` does with them under virtual time.
private struct VirtualLoop {
  var spacing: TurnSpacing
  static let wakeUp = MediaDuration.microseconds(30)
  static let perPacket = MediaDuration.microseconds(6)
  private(set) var turns = 0
  /// Of each packet: how long it waited for its turn.
  private(set) var waits: [MediaDuration] = []

  init(maximum: MediaDuration) { spacing = TurnSpacing(maximum: maximum) }

  /// - Parameter arrivals: ascending.
  mutating func run(_ arrivals: [MediaInstant]) {
    guard var now = arrivals.first else { return }
    var i = 0
    var held: MediaInstant?
    while i < arrivals.count {
      var pause = TurnSpacing.Pause.none
      if let held {
        now = max(now, held)
        pause = .spacing
      } else if arrivals[i] > now {
        now = arrivals[i] + Self.wakeUp
        pause = .sleep
      }
      let began = now
      var taken = 0
      while i < arrivals.count, arrivals[i] <= began {
        waits.append(began - arrivals[i])
        taken += 1
        i += 1
      }
      turns += 1
      spacing.turn(at: began, packets: taken, after: pause)
      held = taken > 0 ? spacing.next(after: began, isUrgent: false) : nil
      now = began + Self.perPacket * Int64(taken)
    }
  }

  /// A wake-up, and a turn of eight packets that was under way.
  static let longestWithoutWaiting = MediaDuration.microseconds(80)
  var longest: MediaDuration { waits.max() ?? .zero }
  var meanWait: MediaDuration {
    MediaDuration(nanoseconds: waits.reduce(0) { $0 + $1.nanoseconds } / Int64(waits.count))
  }
}

@Suite struct TurnSpacingTests {
  /// A second of packets that come at random, so many a second on average.
  private func random(_ perSecond: Int, seconds: Int64 = 4) -> [MediaInstant] {
    var random = SeededRandom(seed: 7)
    return (0..<perSecond * Int(seconds))
      .map { _ in Int64.random(in: 0..<seconds * 1_000_000_000, using: &random) }
      .sorted().map { MediaInstant(nanoseconds: $0) }
  }

  @Test("Under load a turn serves some ten packets, and none waits longer than allowed")
  func load() {
    for rate in [4_000, 14_000, 50_000] {
      var loop = VirtualLoop(maximum: .milliseconds(2))
      loop.run(random(rate))
      #expect(loop.waits.count >= loop.turns * 5, "\(rate) packets a second")
      // And the turn that was under way.
      #expect(loop.longest <= .microseconds(2500))
      #expect(loop.spacing.spacing >= .milliseconds(1))
    }
  }

  @Test("The busier the worker, the shorter the wait")
  func rate() {
    var quiet = VirtualLoop(maximum: .milliseconds(2))
    quiet.run(random(5_000))
    var busy = VirtualLoop(maximum: .milliseconds(2))
    busy.run(random(14_000))
    #expect(busy.meanWait < quiet.meanWait)
    #expect(busy.meanWait < .microseconds(800))
  }

  @Test("A call of two waits for nothing")
  func oneCall() {
    var loop = VirtualLoop(maximum: .milliseconds(2))
    loop.run(random(230))
    #expect(loop.longest <= VirtualLoop.longestWithoutWaiting)
  }

  @Test("Bursts that lie apart wait for nothing, however many packets they have")
  func bursts() {
    // 30 frames a second of 8 packets within 200 us.
    var arrivals: [MediaInstant] = []
    for frame in 0..<120 {
      for packet in 0..<8 {
        arrivals.append(
          MediaInstant(nanoseconds: Int64(frame) * 33_333_333 + Int64(packet) * 25_000))
      }
    }
    // A turn takes what is there at its beginning: some turns are needed for a burst.
    var loop = VirtualLoop(maximum: .milliseconds(2))
    loop.run(arrivals)
    #expect(loop.longest <= VirtualLoop.longestWithoutWaiting)
  }

  @Test("Waiting ends when the load does, and at once for whoever is pressed")
  func ends() {
    var loop = VirtualLoop(maximum: .milliseconds(2))
    loop.run(random(14_000))
    #expect(loop.spacing.isWaiting)
    let now = MediaInstant(nanoseconds: 5_000_000_000)
    #expect(loop.spacing.next(after: now, isUrgent: true) == nil)
    #expect(loop.spacing.next(after: now, isUrgent: false) != nil)
    loop.run((0..<100).map { MediaInstant(nanoseconds: 5_000_000_000 + $0 * 20_000_000) })
    #expect(!loop.spacing.isWaiting)
  }

  @Test("With media.coalesce 0 nothing ever waits")
  func off() {
    var loop = VirtualLoop(maximum: .zero)
    loop.run(random(14_000))
    #expect(loop.longest < .milliseconds(1))
    #expect(!loop.spacing.isWaiting)
  }
}

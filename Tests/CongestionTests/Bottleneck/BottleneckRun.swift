import Congestion
import Wire

/// Viewers behind one bottleneck in virtual time, and what was seen.
final class BottleneckRun {
  let path: Bottleneck
  let viewers: [SimulatedViewer]
  private(set) var ms: Int64 = 0
  /// Each 100 ms: time in ms, worst queue delay in ms, estimate of the first viewer.
  private(set) var samples: [(ms: Int64, queue: Double, estimate: Int, delivered: Double)] = []
  private var worstQueue = 0.0
  private var lastDelivered = 0
  /// bits/s of further traffic at a time in ms.
  var crossTraffic: (Int64) -> Double = { _ in 0 }
  private var crossCredit = 0.0

  init(
    _ profile: PathProfile, seed: UInt64, viewers count: Int = 1,
    configuration: BandwidthEstimatorConfiguration = BandwidthEstimatorConfiguration(),
    demand: Int = 3_000_000
  ) {
    path = Bottleneck(profile, seed: seed)
    viewers = (0..<count).map {
      SimulatedViewer(
        index: $0, seed: seed &* 31 &+ UInt64($0), configuration: configuration, demand: demand)
    }
  }

  var viewer: SimulatedViewer { viewers[0] }

  func run(until end: Int64) {
    while ms < end {
      for viewer in viewers { viewer.run(ms, path) }
      crossCredit += crossTraffic(ms) / 8000
      while crossCredit >= 1000 {
        crossCredit -= 1000
        path.send(
          PathPacket(
            flow: -1, sequence: 0, length: 1000, isAudio: false,
            sent: MediaInstant(nanoseconds: ms * 1_000_000)))
      }
      worstQueue = max(worstQueue, path.queueDelay(at: ms))
      path.serve(ms)
      let now = MediaInstant(nanoseconds: (ms + 1) * 1_000_000)
      while let packet = path.arrived(by: now) {
        if packet.flow >= 0 { viewers[packet.flow].arrive(packet) }
      }
      for viewer in viewers { viewer.hear(ms + 1, path.profile) }
      ms += 1
      if ms % 100 == 0 { sample() }
    }
  }

  private func sample() {
    let delivered = viewer.deliveredOctets
    samples.append(
      (ms, worstQueue, viewer.estimator.estimate, Double(delivered - lastDelivered) * 80))
    lastDelivered = delivered
    worstQueue = 0
  }

  func worstQueue(from: Int64, to: Int64) -> Double {
    samples.filter { $0.ms > from && $0.ms <= to }.map(\.queue).max() ?? 0
  }

  func meanEstimate(from: Int64, to: Int64) -> Double {
    let part = samples.filter { $0.ms > from && $0.ms <= to }.map { Double($0.estimate) }
    return part.reduce(0, +) / Double(max(part.count, 1))
  }

  func lowestEstimate(from: Int64, to: Int64) -> Double {
    Double(samples.filter { $0.ms > from && $0.ms <= to }.map(\.estimate).min() ?? 0)
  }

  func meanDelivered(from: Int64, to: Int64) -> Double {
    let part = samples.filter { $0.ms > from && $0.ms <= to }.map(\.delivered)
    return part.reduce(0, +) / Double(max(part.count, 1))
  }

  /// When the queue was last above a bound, ms.
  func lastQueue(above bound: Double, from: Int64, to: Int64) -> Int64 {
    samples.last { $0.ms > from && $0.ms <= to && $0.queue >= bound }?.ms ?? from
  }

  /// When the estimate first reached a rate, ms.
  func reached(_ rate: Double, from: Int64) -> Int64? {
    samples.first { $0.ms > from && Double($0.estimate) >= rate }?.ms
  }
}

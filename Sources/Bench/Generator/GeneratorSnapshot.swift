internal import Wire

/// What one group of participants measured.
struct CohortSnapshot: Sendable {
  var audio = DeliveryCounts()
  var video = DeliveryCounts()
  /// From the stamp of the sender to the kernel of the receiver, nanoseconds, without
  /// retransmissions; since the interval began.
  var audioDelay = LatencyHistogram()
  var videoDelay = LatencyHistogram()
}

/// The state of a load generator at one moment. Counts are since the start, histograms since the
/// interval began.
struct GeneratorSnapshot: Sendable {
  var at: MediaInstant
  var endpoints = 0
  var connected = 0
  var traffic = TrafficCounts()
  var cohorts: [CohortSnapshot] = []
  /// How late packets left, against the time that they were due, nanoseconds.
  var lateness = LatencyHistogram()
  /// CPU time of the media thread and of the whole process, nanoseconds.
  var threadTime: Int64 = 0
  var processTime: Int64 = 0
  /// Datagrams that our own sockets dropped, because we did not read them in time.
  var socketDrops: UInt64 = 0
  var failures: [EndpointFailure: Int] = [:]
  /// Voice of the tracks of the last second: how it went, second by second.
  var seconds: [SecondPoint] = []

  /// What was delivered since `first`, by kind, and what was lost before it for good.
  func delivered(since first: GeneratorSnapshot) -> (
    audio: DeliveryCounts, video: DeliveryCounts, lostBefore: Int64
  ) {
    let before = first.delivered(\.audio).lost + first.delivered(\.video).lost
    var audio = delivered(\.audio) - first.delivered(\.audio)
    var video = delivered(\.video) - first.delivered(\.video)
    // What was missing then has come since.
    let recovered = audio.settle() + video.settle()
    return (audio, video, max(0, before - recovered))
  }

  /// Of all cohorts.
  private func delivered(_ kind: KeyPath<CohortSnapshot, DeliveryCounts>) -> DeliveryCounts {
    cohorts.reduce(DeliveryCounts()) { $0 + $1[keyPath: kind] }
  }
}

/// One second of a run.
struct SecondPoint: Sendable, Codable, Equatable {
  /// Since the start of the generator.
  var second: Int
  var connected: Int
  var sent: UInt64
  var received: UInt64
  /// Milliseconds, audio and video together.
  var delayP50: Double
  var delayP99: Double
  var delayMaximum: Double
  /// Milliseconds.
  var latenessP99: Double
  /// Of the media thread, 0...1.
  var utilisation: Double
}

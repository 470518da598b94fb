internal import Foundation

/// What a run found out. `Docs/Bench.md` describes the JSON form; `schema` changes with it.
struct LoadReport: Sendable, Codable, Equatable {
  static let schema = 2

  /// Percentiles, milliseconds.
  struct Spread: Sendable, Codable, Equatable {
    var count: Int
    var p50: Double
    var p95: Double
    var p99: Double
    var p999: Double
    var maximum: Double
    var mean: Double

    init(_ histogram: LatencyHistogram) {
      func ms(_ quantile: Double) -> Double { Double(histogram.value(at: quantile)) / 1e6 }
      count = Int(histogram.count)
      p50 = ms(0.5)
      p95 = ms(0.95)
      p99 = ms(0.99)
      p999 = ms(0.999)
      maximum = Double(histogram.maximum) / 1e6
      mean = histogram.mean / 1e6
    }
  }

  struct Machine: Sendable, Codable, Equatable {
    var kernel: String
    var processor: String
    var cores: Int
  }

  struct Setup: Sendable, Codable, Equatable {
    var command: String
    var server: String
    var signaling: String
    var rooms: Int
    var participants: Int
    var viewers: Int
    var videoKilobits: Double
    var framesPerSecond: Double
    var hasAudio: Bool
    var hasVideo: Bool
    var seconds: Double
    var joinsPerSecond: Double
    var impairment: Impairment
    var seed: UInt64
    var cpus: [UInt32]
  }

  /// Each phase from the end of the one before, milliseconds.
  struct Joins: Sendable, Codable, Equatable {
    var attempted: Int
    var connected: Int
    /// Reasons and how often.
    var failures: [String: Int]
    /// Connections that broke after they had been connected.
    var broken: Int
    /// From the first byte to the answer.
    var signaling: Spread
    var ice: Spread
    var dtls: Spread
    /// From the first byte until media may flow.
    var connect: Spread
    /// From the first byte to the first media packet, of those who came to a room where others sent.
    var firstPacket: Spread
    var firstKeyframe: Spread
  }

  struct Delivery: Sendable, Codable, Equatable {
    var audio: DeliveryCounts
    var video: DeliveryCounts
    /// Datagrams that the sockets of the load generator dropped, because it did not
    /// read them in time: not the server's loss.
    var generatorDrops: UInt64
    /// The same of the server's sockets; `nil` without `--server-pid`.
    var serverDrops: Int64?
    /// Packets that were lost before the interval that was measured, while people joined.
    var lostWhileJoining: Int64

    var lost: Int64 { audio.lost + video.lost }
    var expected: Int64 { audio.expected + video.expected }
  }

  struct Traffic: Sendable, Codable, Equatable {
    /// RTP packets a second that the load sent, and that the server forwarded to it, in the interval.
    var sentPerSecond: Double
    var forwardedPerSecond: Double
    /// Of RTP, Mbit/s.
    var sentMegabits: Double
    var forwardedMegabits: Double
    /// Of the interval.
    var counts: TrafficCounts
  }

  struct Quality: Sendable, Codable, Equatable {
    /// E-model (ITU-T G.107.2) with Opus at 34 kbit/s and 60 ms for coding and playout.
    var audioMOS: Double
    /// Percent of audio packets that did not come.
    var audioLoss: Double
  }

  struct GeneratorHealth: Sendable, Codable, Equatable {
    /// Of one core, by the media thread and by the whole process.
    var threadUtilisation: Double
    var processUtilisation: Double
    /// How late packets left.
    var lateness: Spread
    var isSaturated: Bool
    /// Why.
    var reasons: [String]
  }

  struct Server: Sendable, Codable, Equatable {
    /// CPU time per RTP packet that it forwarded, microseconds.
    var cpuPerPacket: Double
    var userPerPacket: Double
    var systemPerPacket: Double
    /// Cores in use.
    var cores: Double
    var switchesPerPacket: Double
    /// Octets.
    var residentBefore: Int64
    var resident: Int64
    var residentPeak: Int64
    var residentPerParticipant: Double
    var threads: Int
    var descriptors: Int
    var descriptorsBefore: Int
    var descriptorsAfter: Int
    /// Cores that neither the server nor the load generator used, but others on the machine; those
    /// that a hypervisor took away.
    var otherCores: Double
    var stolenCores: Double
  }

  /// What the server still held when everyone had left; `nil` where it does not tell.
  struct Leftovers: Sendable, Codable, Equatable {
    var consultations: Double?
    var participants: Double?
    var peers: Double?
    /// Seconds until it was all gone, or we stopped waiting.
    var seconds: Double
  }

  var schema = LoadReport.schema
  var tool: String
  /// RFC 3339, UTC.
  var date: String
  var machine: Machine
  var setup: Setup
  /// The measured interval, seconds.
  var interval: Double
  var joins: Joins
  var audioDelay: Spread
  var videoDelay: Spread
  var delay: Spread
  var delivery: Delivery
  var traffic: Traffic
  var quality: Quality
  var generator: GeneratorHealth
  var server: Server?
  var leftovers: Leftovers?
  var timeline: [SecondPoint]

  /// One report as an object, several as a list.
  static func write(_ reports: [LoadReport], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data =
      try reports.count == 1 ? encoder.encode(reports[0]) : encoder.encode(reports)
    try data.write(to: URL(fileURLWithPath: path))
  }
}

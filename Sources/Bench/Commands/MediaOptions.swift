internal import ArgumentParser

/// What participants send, and how the load generator runs.
struct MediaOptions: ParsableArguments {
  @Option(name: .customLong("video-kbps"), help: "Bit rate of each camera, kbit/s.")
  var videoKilobits = 1500.0

  @Option(help: "Frames a second.")
  var fps = 30.0

  @Flag(inversion: .prefixedNo, help: "Send audio: Opus, 50 packets a second.")
  var audio = true

  @Flag(inversion: .prefixedNo, help: "Send video: VP8.")
  var video = true

  @Option(help: "Octets of an Opus packet: 80 is 32 kbit/s.")
  var audioOctets = 80

  @Option(help: "Participants that begin to join in a second.")
  var ramp = 20.0

  @Option(
    help: ArgumentHelp(
      "What the load generator does to packets in both directions, as loss=2%,delay=40ms,jitter=10ms.",
      valueName: "list"))
  var impair: Impairment?

  @Option(
    help: ArgumentHelp(
      "The CPUs that the load generator runs on, as 1 or 2,4-7. Keep the server off them.",
      valueName: "list"))
  var cpus: CPUList?

  @Option(help: "Of all chance in the load: the same seed, the same load.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the report there as JSON too.", valueName: "file"))
  var json: String?

  @Flag(help: "No progress while it runs.")
  var quiet = false

  func validate() throws {
    guard (10...50_000).contains(videoKilobits) else {
      throw ValidationError("--video-kbps \(videoKilobits): 10 to 50000")
    }
    guard (1...120).contains(fps) else { throw ValidationError("--fps \(fps): 1 to 120") }
    guard (PayloadStamp.length + 1...1000).contains(audioOctets) else {
      throw ValidationError(
        "--audio-octets \(audioOctets): \(PayloadStamp.length + 1) to 1000, the stamp must fit")
    }
    guard ramp > 0, ramp <= 10_000 else {
      throw ValidationError("--ramp \(ramp): more than 0, up to 10000 joins a second")
    }
    guard audio || video else {
      throw ValidationError("--no-audio and --no-video leave nothing to send")
    }
  }
}

extension Impairment: ExpressibleByArgument {
  /// `loss=2%,delay=40ms,jitter=10ms`
  init?(argument: String) {
    self.init()
    for part in argument.split(separator: ",") {
      let words = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
      guard words.count == 2 else { return nil }
      switch words[0] {
      case "loss":
        let isPercent = words[1].hasSuffix("%")
        guard let value = Double(isPercent ? String(words[1].dropLast()) : words[1]) else {
          return nil
        }
        loss = isPercent ? value / 100 : value
      case "delay":
        guard let value = Self.milliseconds(words[1]) else { return nil }
        delay = value
      case "jitter":
        guard let value = Self.milliseconds(words[1]) else { return nil }
        jitter = value
      default: return nil
      }
    }
    guard (0...1).contains(loss), (0...10_000).contains(delay), (0...10_000).contains(jitter)
    else { return nil }
  }

  private static func milliseconds(_ text: String) -> Double? {
    Double(text.hasSuffix("ms") ? String(text.dropLast(2)) : text)
  }
}

/// `1`, `0,2`, `2,4-7`
struct CPUList: ExpressibleByArgument, Sendable {
  var cpus: [UInt32] = []

  init?(argument: String) {
    for part in argument.split(separator: ",") {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0) }
      switch (ends.count, ends.first.flatMap { $0 }, ends.last.flatMap { $0 }) {
      case (1, let cpu?, _): cpus.append(cpu)
      case (2, let low?, let high?) where low <= high && high < 4096: cpus += low...high
      default: return nil
      }
    }
    guard !cpus.isEmpty else { return nil }
  }
}

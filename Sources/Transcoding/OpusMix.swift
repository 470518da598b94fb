public import Wire

/// Several Opus publications as one stream, for somebody whose way carries no more: each source is put in order and
/// decoded, what is due every 20 ms is summed, and one to three of these are encoded at a time. Sans-IO and confined, as
/// `AudioHookRunner`.
public final class OpusMix {
  /// Samples at 48 kHz of the shortest packet.
  public static let packetSamples = OpusEncoder.frameSamples
  public static let sourceLimit = 15
  /// Decoded sound that lies ready before a source is heard: what threads that wait for others may be late.
  static let reserve = 2 * packetSamples
  /// What was not mixed for so long is left out.
  static let patience = MediaDuration.milliseconds(200)
  /// bit/s: below, libopus may take twice of what it is given (two tones at 12 kbit/s), which a path that asks for so
  /// little does not have.
  private static let leastForVBR = 16_000
  private static let interval = MediaDuration.milliseconds(20)

  private final class Source {
    let runner: AudioHookRunner
    var held: [AudioFrame] = []
    var isHeard = false

    init(_ runner: AudioHookRunner) { self.runner = runner }
  }

  /// Passes frames on as they are.
  private final class Plain: AudioHook {
    func process(_ frame: AudioFrame) -> AudioFrame? { frame }
  }

  /// The listener, who adds nothing, among the participants of the mixer.
  private static let listener: UInt32 = 0

  private let encoder: OpusEncoder
  private let target: Double?
  private var mixer = AudioMixer(maximumParticipants: sourceLimit + 1)
  private var sources: [UInt32: Source] = [:]
  private var next: MediaInstant?
  private var samples: Int64 = 0
  /// Mixed and not encoded yet.
  private var pending: [Float] = []
  private var frames = 1

  /// - Parameters:
  ///   - bitrate: bit/s, in `OpusEncoder.bitrates`.
  ///   - target: LUFS that each source is brought nearer to; `nil`: it is mixed as it is.
  public init(bitrate: Int, target: Double?) throws(CodecError) {
    encoder = try OpusEncoder(channels: 1, use: .speech, bitrate: bitrate)
    // From 7 on libopus looks at what it gets, and does not take all for one voice.
    try encoder.setComplexity(7)
    try encoder.setFEC(expectedLoss: 5)
    self.target = target
    mixer.add(Self.listener)
  }

  /// From the next packet on.
  ///
  /// - Parameters:
  ///   - bitrate: bit/s, in `OpusEncoder.bitrates`.
  ///   - frames: times 20 ms in each packet, in `OpusEncoder.frameCounts`: on narrow paths headers take more than sound.
  public func setRate(bitrate: Int, frames: Int) throws(CodecError) {
    guard OpusEncoder.frameCounts.contains(frames) else { throw .invalidSetting }
    try encoder.setBitrate(bitrate)
    try encoder.setVBR(bitrate >= Self.leastForVBR)
    self.frames = frames
  }

  /// - Parameters:
  ///   - source: not 0, and none that is there.
  ///   - bindings: payload types of the publisher.
  public func add(_ source: UInt32, bindings: [PayloadBinding]) throws(CodecError) {
    guard source != Self.listener, sources[source] == nil, mixer.add(source) else {
      throw .invalidSetting
    }
    let hook: any AudioHook = target.map { LoudnessHook(channels: 1, target: $0) } ?? Plain()
    do throws(CodecError) {
      sources[source] = Source(
        try AudioHookRunner(hook: hook, bindings: bindings, channels: 1))
    } catch {
      mixer.remove(source)
      throw error
    }
  }

  public func remove(_ source: UInt32) {
    sources[source] = nil
    mixer.remove(source)
  }

  /// Takes one packet of a source.
  public func receive(_ octets: UnsafeRawBufferPointer, of source: UInt32, now: MediaInstant) {
    sources[source]?.runner.receive(octets, now: now)
  }

  /// Hands out what is due: nothing but silence where nobody speaks. Call it every 5 to 20 ms.
  ///
  /// - Parameter body: gets an Opus packet and when it begins, in samples since the beginning.
  public func run(now: MediaInstant, _ body: (_ packet: [UInt8], _ timestamp: Int64) -> Void) {
    for (number, source) in sources { decode(source, number, now) }
    var due = next ?? now
    if now - due > Self.patience {
      flush(body)
      let missed = (now - due).nanoseconds / Self.interval.nanoseconds
      due = due + MediaDuration(nanoseconds: missed * Self.interval.nanoseconds)
      samples += missed * Int64(Self.packetSamples)
      // Or else it would be heard that much later from now on.
      for number in sources.keys { mixer.trim(number, to: Self.reserve) }
    }
    while due <= now {
      mix()
      due = due + Self.interval
      samples += Int64(Self.packetSamples)
      if pending.count >= frames * Self.packetSamples { flush(body) }
    }
    next = due
  }

  private func decode(_ source: Source, _ number: UInt32, _ now: MediaInstant) {
    source.held += source.runner.run(now: now)
    let ready = source.held.reduce(0) { $0 + $1.count }
    guard source.isHeard || ready >= Self.reserve else { return }
    source.isHeard = true
    for frame in source.held { mixer.push(frame, of: number) }
    source.held = []
  }

  private func mix() {
    for (number, source) in sources where mixer.queued(of: number) < Self.packetSamples {
      source.isHeard = false
    }
    pending += mixer.mix()[Self.listener] ?? [Float](repeating: 0, count: Self.packetSamples)
  }

  /// Encodes what ends at `samples`.
  private func flush(_ body: ([UInt8], Int64) -> Void) {
    let sound = pending
    pending = []
    guard !sound.isEmpty, let packet = try? encoder.encode(sound) else { return }
    body(packet, samples - Int64(sound.count))
  }
}

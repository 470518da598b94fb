internal import MediaEngine
internal import Transcoding
internal import Wire

/// A second, smaller stream of a camera: decodes what is tapped, encodes it anew at the bitrate that the worker asks
/// for, and gives it back as RTP packets under the publisher's payload type and timestamps.
final class RenditionLane: HookLane {
  /// Payload octets of a packet: with all headers below the least MTU that paths have.
  static let maximumPayload = 1100

  /// Pictures that have waited for so long are left out: fewer of them are better than late ones.
  static let patience = MediaDuration.milliseconds(100)

  private let runner: VideoHookRunner
  private let hook: DownscaleHook
  private let stream: RenditionStream
  private let tap: PacketTap
  private let feed: PacketFeed
  private let handle: HookHandle
  private let askKeyframe: @Sendable () -> Void
  private var size = RenditionSize()
  private var encodings = EncodingChoice()
  private var dropped: UInt64
  private var keyframesAsked: UInt32
  private var nextQuestion: MediaInstant?

  init(
    from tap: PacketTap, into feed: PacketFeed, bindings: [PayloadBinding], payloadType: UInt8,
    seed: UInt64, _ handle: HookHandle, _ askKeyframe: @escaping @Sendable () -> Void
  ) throws(CodecError) {
    (self.tap, self.feed, self.handle, self.askKeyframe) = (tap, feed, handle, askKeyframe)
    let stream = RenditionStream(into: feed, payloadType: payloadType, seed: seed)
    self.stream = stream
    hook = DownscaleHook(longestSide: size.longestSide, bitrate: feed.bitrate) { stream.send($0) }
    runner = try VideoHookRunner(hook: hook, bindings: bindings)
    dropped = tap.dropped
    keyframesAsked = feed.keyframesAsked
  }

  func run(now: MediaInstant) -> Bool {
    guard !handle.isEnded else { return false }
    if tap.dropped != dropped {
      dropped = tap.dropped
      runner.noteOverload()
    }
    obey()
    tap.drain(limit: StillImageLane.batch) { octets, note in
      guard encodings.takes(note.encoding, at: note.arrival) else { return }
      hook.isBehind = now - note.arrival > Self.patience
      _ = runner.receive(octets, now: now)
    }
    if stream.isBroken {
      stream.isBroken = false
      hook.askKeyframe()
    }
    if runner.wantsKeyframe, nextQuestion.map({ now >= $0 }) ?? true {
      nextQuestion = now + StillImageLane.keyframeInterval
      askKeyframe()
    }
    return true
  }

  func cancel() {}

  /// What the worker wants of the encoder.
  private func obey() {
    let bitrate = feed.bitrate
    if bitrate != hook.bitrate {
      hook.setBitrate(bitrate)
      size.follow(bitrate)
      hook.longestSide = size.longestSide
    }
    let asked = feed.keyframesAsked
    if asked != keyframesAsked {
      keyframesAsked = asked
      hook.askKeyframe()
    }
  }
}

/// The frames of an encoder as RTP packets.
private final class RenditionStream {
  /// A clock that goes on by more than this between two pictures, or back, is another one.
  static let longestStep = 90_000 * 10

  /// A packet found no room: what follows needs a keyframe.
  var isBroken = false
  private let feed: PacketFeed
  private let payloadType: UInt8
  private var packetizer: VP8Packetizer
  private var random: SeededRandom
  private var ssrc: SSRC
  private var sequence: UInt16
  private var last: UInt32?
  private var packet = [UInt8](repeating: 0, count: 1504)

  init(into feed: PacketFeed, payloadType: UInt8, seed: UInt64) {
    (self.feed, self.payloadType) = (feed, payloadType)
    random = SeededRandom(seed: seed)
    let bits = random.next()
    ssrc = SSRC(UInt32(truncatingIfNeeded: bits))
    sequence = UInt16(truncatingIfNeeded: bits >> 32)
    packetizer = VP8Packetizer(
      maximumPayload: RenditionLane.maximumPayload,
      firstPictureID: UInt16(truncatingIfNeeded: bits >> 48))
  }

  func send(_ frame: VP8Frame) {
    // The publisher began anew: to the worker this is another stream, too.
    if let last, !(0...Self.longestStep).contains(Int(Int32(bitPattern: frame.timestamp &- last))) {
      ssrc = SSRC(UInt32(truncatingIfNeeded: random.next()))
    }
    last = frame.timestamp
    let payloads = packetizer.packetize(frame.octets, isDiscardable: frame.isDiscardable)
    for (i, payload) in payloads.enumerated() {
      let length = write(payload, marker: i == payloads.count - 1, frame.timestamp)
      sequence &+= 1
      let isTaken = packet.withUnsafeBytes {
        feed.write(UnsafeRawBufferPointer(rebasing: $0[..<length]))
      }
      if !isTaken { isBroken = true }
    }
  }

  private func write(_ payload: [UInt8], marker: Bool, _ timestamp: UInt32) -> Int {
    packet.withUnsafeMutableBytes { buffer in
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: payloadType, marker: marker, sequenceNumber: sequence,
        timestamp: timestamp, ssrc: ssrc)
      let header = writer?.finish() ?? 0
      guard header > 0, header + payload.count <= buffer.count else { return 0 }
      payload.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: buffer[header...]).copyMemory(from: $0)
      }
      return header + payload.count
    }
  }
}

/// How large a picture is worth its bitrate: a small one that is sharp is better than a large one of blocks.
struct RenditionSize {
  /// Pixels of the longer side.
  private(set) var longestSide = 480
  private static let sides: [(side: Int, from: Int)] = [
    (640, 260_000), (480, 130_000), (320, 0),
  ]
  /// To a larger one only when there is so much more: each change is a keyframe.
  private static let spare = 1.25

  mutating func follow(_ bitrate: Int) {
    let fitting = Self.sides.first { bitrate >= $0.from }?.side ?? 320
    let ample = Self.sides.first { Double(bitrate) >= Double($0.from) * Self.spare }?.side ?? 320
    longestSide = max(min(longestSide, fitting), ample)
  }
}

public import Wire

/// Packets of an Opus publication to a hook: put in order and time, decoded or made up, handed over. Sans-IO
/// and confined: whoever owns it calls it from one thread at a time, `run` every 10 to 20 ms.
public final class AudioHookRunner {
  public struct Counters: Hashable, Sendable {
    /// Packets that are none of the publication, or of another codec.
    public var foreign: UInt64 = 0
    /// Times that packets were dropped before they came here.
    public var overloads: UInt64 = 0
    /// Frames that the hook got.
    public var frames: UInt64 = 0

    public init() {}
  }

  public private(set) var counters = Counters()
  public var decoding: OpusDecoder.Counters { decoder.counters }
  public var buffering: AudioJitterBuffer.Counters { buffer.counters }

  private let hook: any AudioHook
  private let decoder: OpusDecoder
  private var reader: RTPMediaReader
  private var buffer: AudioJitterBuffer

  /// - Parameters:
  ///   - bindings: payload types of the publisher.
  ///   - channels: that the hook gets, 1 or 2.
  public init(
    hook: any AudioHook, bindings: [PayloadBinding], channels: Int,
    limits: AudioJitterBuffer.Limits = .init()
  ) throws(CodecError) {
    self.hook = hook
    decoder = try OpusDecoder(channels: channels)
    reader = RTPMediaReader(bindings: bindings)
    buffer = AudioJitterBuffer(limits: limits)
  }

  /// Packets were dropped before they came here; they are made up like others that are lost.
  public func noteOverload() { counters.overloads &+= 1 }

  /// Takes one packet.
  public func receive(_ octets: UnsafeRawBufferPointer, now: MediaInstant) {
    guard let packet = reader.read(octets), packet.codec == .opus else {
      counters.foreign &+= 1
      return
    }
    if packet.beginsStream {
      buffer.restart()
      decoder.reset()
    }
    guard !packet.payload.isEmpty else { return }
    buffer.insert(
      sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp,
      payload: octets.slice(packet.payload), now: now)
  }

  /// Hands to the hook what is due.
  /// - Returns: sound that the hook passes on.
  public func run(now: MediaInstant) -> [AudioFrame] {
    var passedOn: [AudioFrame] = []
    while let step = buffer.next(now: now) {
      guard let frame = perform(step), !frame.samples.isEmpty else { continue }
      counters.frames &+= 1
      if let result = hook.process(frame) { passedOn.append(result) }
    }
    return passedOn
  }

  /// What fails is counted by the decoder.
  private func perform(_ step: AudioJitterBuffer.Step) -> AudioFrame? {
    let samples: [Float]?
    let timestamp: Int64
    switch step {
    case .decode(let octets, let time):
      samples = decode(octets)
      timestamp = time
    case .recover(let octets, let count, let time):
      samples = octets.withUnsafeBytes { packet in
        try? decoder.recover(before: packet, sampleCount: count)
      }
      timestamp = time
    case .conceal(let count, let time), .silence(let count, let time),
      .stretch(let count, let time):
      samples = try? decoder.conceal(sampleCount: count)
      timestamp = time
    case .skip(let octets, _):
      _ = decode(octets)
      return nil
    }
    return samples.map {
      AudioFrame(samples: $0, channels: decoder.channels, timestamp: timestamp)
    }
  }

  private func decode(_ octets: [UInt8]) -> [Float]? {
    octets.withUnsafeBytes { packet in try? decoder.decode(packet) }
  }
}

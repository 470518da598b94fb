public import Wire

/// Packets of a VP8 publication to a hook: put together, decoded, handed over. Sans-IO and confined:
/// whoever owns it calls it from one thread at a time.
public final class VideoHookRunner {
  public struct Counters: Hashable, Sendable {
    /// Packets that are none of the publication, or of another codec.
    public var foreign: UInt64 = 0
    /// Times that packets were dropped before they came here.
    public var overloads: UInt64 = 0
    /// Pictures that the hook got.
    public var pictures: UInt64 = 0

    public init() {}
  }

  public private(set) var counters = Counters()
  public var decoding: VP8Decoder.Counters { decoder.counters }
  public var assembling: VP8FrameAssembler.Counters { assembler.counters }
  /// Nothing can be shown before the publisher sends a keyframe: it is to be asked for one.
  public var wantsKeyframe: Bool { assembler.wantsKeyframe || decoder.needsKeyframe }

  private let hook: any VideoHook
  private let decoder: VP8Decoder
  private var reader: RTPMediaReader
  private var assembler: VP8FrameAssembler
  private var timestamps = TimestampUnwrapper()

  /// - Parameter bindings: payload types of the publisher.
  public init(
    hook: any VideoHook, bindings: [PayloadBinding],
    maximumPixels: Int = VP8Decoder.usualMaximumPixels,
    limits: VP8FrameAssembler.Limits = .init()
  ) throws(CodecError) {
    self.hook = hook
    decoder = try VP8Decoder(maximumPixels: maximumPixels)
    reader = RTPMediaReader(bindings: bindings)
    assembler = VP8FrameAssembler(limits: limits)
  }

  /// Packets were dropped before they came here: goes on with the next keyframe.
  public func noteOverload() {
    counters.overloads &+= 1
    assembler.restart()
    decoder.noteLoss()
  }

  /// Takes one packet, and hands to the hook what is complete with it.
  /// - Returns: pictures that the hook passes on.
  public func receive(_ octets: UnsafeRawBufferPointer, now: MediaInstant) -> [VideoFrame] {
    guard let packet = reader.read(octets), packet.codec == .vp8 else {
      counters.foreign &+= 1
      return []
    }
    if packet.beginsStream {
      assembler.restart()
      decoder.noteLoss()
      timestamps = TimestampUnwrapper()
    }
    assembler.insert(
      sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp, marker: packet.marker,
      payload: octets.slice(packet.payload), now: now)
    var passedOn: [VideoFrame] = []
    while let frame = assembler.next(now: now) {
      guard let picture = decode(frame) else { continue }
      counters.pictures &+= 1
      let timestamp = timestamps.unwrap(frame.timestamp)
      if let result = hook.process(VideoFrame(picture: picture, timestamp: timestamp)) {
        passedOn.append(result)
      }
    }
    return passedOn
  }

  private func decode(_ frame: VP8Frame) -> I420Picture? {
    // A frame of no use to others is of no use to a hook that wants none.
    if frame.isDiscardable, !hook.wantsPictures { return nil }
    let picture = frame.octets.withUnsafeBytes { octets -> I420Picture? in
      // What fails is counted, and `wantsKeyframe` says so.
      try? decoder.decode(octets)
    }
    return hook.wantsPictures ? picture : nil
  }
}

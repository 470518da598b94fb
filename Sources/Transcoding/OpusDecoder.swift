internal import COpus

/// Opus to sound (RFC 6716), with what is lost made up from what came before or after. Confined to
/// one thread.
public final class OpusDecoder {
  public struct Counters: Hashable, Sendable {
    public var packets: UInt64 = 0
    /// Octets that are no Opus packet, or whose content the decoder refused.
    public var malformed: UInt64 = 0
    /// Frames made up from what was before.
    public var concealed: UInt64 = 0
    /// Frames taken from the redundancy of a later packet.
    public var recovered: UInt64 = 0

    public init() {}
  }

  public private(set) var counters = Counters()
  /// Of what comes out: 1 or 2, whatever the packets have.
  public let channels: Int
  private let decoder: OpaquePointer
  /// `OpusPacket.maximumSamples` times `channels`.
  private let scratch: UnsafeMutablePointer<Float>

  /// - Parameter channels: 1 or 2.
  public init(channels: Int) throws(CodecError) {
    guard channels == 1 || channels == 2 else { throw .invalidSetting }
    var error: Int32 = 0
    let made = opus_decoder_create(Int32(AudioFrame.sampleRate), Int32(channels), &error)
    guard let made, error == OPUS_OK else { throw .unavailable(code: error) }
    decoder = made
    self.channels = channels
    scratch = .allocate(capacity: OpusPacket.maximumSamples * channels)
  }

  deinit {
    opus_decoder_destroy(decoder)
    scratch.deallocate()
  }

  /// - Returns: interleaved samples at 48 kHz.
  public func decode(_ packet: UnsafeRawBufferPointer) throws(CodecError) -> [Float] {
    counters.packets &+= 1
    guard OpusPacket(packet) != nil else {
      counters.malformed &+= 1
      throw .malformed(code: OPUS_INVALID_PACKET)
    }
    return try run(packet, OpusPacket.maximumSamples, fec: false)
  }

  /// The sound of the packet before `packet`, which was lost: from the redundancy within (section
  /// 2.1.7), or made up where there is none.
  /// - Parameter sampleCount: of the lost packet, at 48 kHz; a multiple of 120, at most 5760.
  public func recover(
    before packet: UnsafeRawBufferPointer, sampleCount: Int
  ) throws(CodecError) -> [Float] {
    guard let read = OpusPacket(packet), read.canCarryFEC else {
      return try conceal(sampleCount: sampleCount)
    }
    let samples = try run(packet, try Self.check(sampleCount), fec: true)
    counters.recovered &+= 1
    return samples
  }

  /// Sound for something lost, made up from what was before.
  /// - Parameter sampleCount: at 48 kHz; a multiple of 120, at most 5760.
  public func conceal(sampleCount: Int) throws(CodecError) -> [Float] {
    let samples = try run(nil, try Self.check(sampleCount), fec: false)
    counters.concealed &+= 1
    return samples
  }

  /// As if nothing had been decoded.
  public func reset() { _ = opus_decoder_forget(decoder) }

  private static func check(_ sampleCount: Int) throws(CodecError) -> Int {
    guard sampleCount > 0, sampleCount <= OpusPacket.maximumSamples, sampleCount % 120 == 0 else {
      throw .invalidSetting
    }
    return sampleCount
  }

  private func run(
    _ packet: UnsafeRawBufferPointer?, _ sampleCount: Int, fec: Bool
  ) throws(CodecError) -> [Float] {
    let bytes = packet?.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let decoded = opus_decode_float(
      decoder, bytes, Int32(packet?.count ?? 0), scratch, Int32(sampleCount),
      fec ? 1 : 0)
    guard decoded >= 0 else {
      counters.malformed &+= 1
      throw .malformed(code: decoded)
    }
    return Array(UnsafeBufferPointer(start: scratch, count: Int(decoded) * channels))
  }
}

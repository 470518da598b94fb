internal import COpus

/// Sound to Opus (RFC 6716), packets of 20, 40 or 60 ms. Confined to one thread. Every setting may
/// change between two packets.
public final class OpusEncoder {
  /// Samples of each channel in the shortest packet: 20 ms.
  public static let frameSamples = 960
  /// How many times that a packet may have.
  public static let frameCounts = 1...3
  /// 6 to 510 kbit/s (RFC 6716 section 2.1.1).
  public static let bitrates = 6_000...510_000

  public enum Use: Sendable {
    /// Speech: intelligible at low rates, with FEC.
    case speech
    /// Anything else.
    case sound
  }

  public let channels: Int
  private let encoder: OpaquePointer
  private let output: UnsafeMutablePointer<UInt8>
  private static let outputCapacity = OpusPacket.maximumFrameOctets + 1

  /// - Parameters:
  ///   - channels: of what goes in, 1 or 2.
  ///   - bitrate: bit/s, in `bitrates`.
  public init(channels: Int, use: Use, bitrate: Int) throws(CodecError) {
    guard channels == 1 || channels == 2, Self.bitrates.contains(bitrate) else {
      throw .invalidSetting
    }
    var error: Int32 = 0
    let application = use == .speech ? OPUS_APPLICATION_VOIP : OPUS_APPLICATION_AUDIO
    let made = opus_encoder_create(
      Int32(AudioFrame.sampleRate), Int32(channels), application, &error)
    guard let made, error == OPUS_OK else { throw .unavailable(code: error) }
    encoder = made
    self.channels = channels
    output = .allocate(capacity: Self.outputCapacity)
    try set(OPUS_SET_BITRATE_REQUEST, bitrate)
  }

  deinit {
    opus_encoder_destroy(encoder)
    output.deallocate()
  }

  /// bit/s on the average, in `bitrates`.
  public func setBitrate(_ bitrate: Int) throws(CodecError) {
    guard Self.bitrates.contains(bitrate) else { throw .invalidSetting }
    try set(OPUS_SET_BITRATE_REQUEST, bitrate)
  }

  /// 0 (cheap) to 10 (best).
  public func setComplexity(_ complexity: Int) throws(CodecError) {
    try set(OPUS_SET_COMPLEXITY_REQUEST, complexity)
  }

  /// Repeats each frame, coarser, in the packet after it, as far as the loss makes that worth its bits.
  /// - Parameter expectedLoss: in percent, 0 to 100; with 0 nothing is repeated.
  public func setFEC(expectedLoss: Int) throws(CodecError) {
    try set(OPUS_SET_INBAND_FEC_REQUEST, expectedLoss > 0 ? 1 : 0)
    try set(OPUS_SET_PACKET_LOSS_PERC_REQUEST, expectedLoss)
  }

  /// Packets as large as what is in them needs, or all of the same size.
  public func setVBR(_ isOn: Bool) throws(CodecError) {
    try set(OPUS_SET_VBR_REQUEST, isOn ? 1 : 0)
  }

  /// Almost nothing is sent for silence: packets of at most 2 octets, which need not be sent.
  public func setDTX(_ isOn: Bool) throws(CodecError) {
    try set(OPUS_SET_DTX_REQUEST, isOn ? 1 : 0)
  }

  /// By how many samples at 48 kHz the decoded sound is later than what was encoded.
  public var lookahead: Int {
    var samples: Int32 = 0
    _ = opus_encoder_get(encoder, OPUS_GET_LOOKAHEAD_REQUEST, &samples)
    return Int(samples)
  }

  /// - Parameter samples: interleaved, 20, 40 or 60 ms: one to three times `frameSamples` times `channels`.
  /// - Returns: one packet.
  public func encode(_ samples: [Float]) throws(CodecError) -> [UInt8] {
    let frame = Self.frameSamples * channels
    guard samples.count % frame == 0, Self.frameCounts.contains(samples.count / frame) else {
      throw .invalidSetting
    }
    let count = opus_encode_float(
      encoder, samples, Int32(samples.count / channels), output, Int32(Self.outputCapacity))
    guard count > 0 else { throw .malformed(code: count) }
    return Array(UnsafeBufferPointer(start: output, count: Int(count)))
  }

  private func set(_ request: Int32, _ value: Int) throws(CodecError) {
    guard let value = Int32(exactly: value), opus_encoder_set(encoder, request, value) == OPUS_OK
    else { throw .invalidSetting }
  }
}

internal import CVPX

/// Pictures to VP8 (RFC 6386) as a conversation needs it: no frame waits for a later one, the bitrate is
/// held from frame to frame. Confined to one thread.
public final class VP8Encoder {
  public struct Settings: Hashable, Sendable {
    /// Pixels, 16 to 4096.
    public var width: Int
    public var height: Int
    /// bit/s
    public var bitrate: Int
    /// Pictures a second that are to be expected.
    public var frameRate: Int
    /// How much time is saved at the cost of quality: 0 to 16.
    public var speed: Int

    public init(width: Int, height: Int, bitrate: Int, frameRate: Int = 30, speed: Int = 6) {
      self.width = width
      self.height = height
      self.bitrate = bitrate
      self.frameRate = frameRate
      self.speed = speed
    }

    var isValid: Bool {
      (16...4096).contains(width) && (16...4096).contains(height)
        && (10_000...20_000_000).contains(bitrate) && (1...60).contains(frameRate)
        && (0...16).contains(speed)
    }
  }

  public private(set) var settings: Settings
  private let context: UnsafeMutablePointer<vpx_codec_ctx_t>
  private var isOpen = false
  private var lastTimestamp: Int64?

  public init(_ settings: Settings) throws(CodecError) {
    guard settings.isValid else { throw .invalidSetting }
    self.settings = settings
    context = .allocate(capacity: 1)
    context.initialize(to: vpx_codec_ctx_t())
    try open()
  }

  deinit {
    if isOpen { vpx_codec_destroy(context) }
    context.deallocate()
  }

  /// Another bitrate, bit/s, from the next picture on; no keyframe is needed.
  public func setBitrate(_ bitrate: Int) throws(CodecError) {
    var changed = settings
    changed.bitrate = bitrate
    guard changed.isValid else { throw .invalidSetting }
    settings = changed
    guard isOpen else { return }
    var configuration = try Self.configuration(settings)
    let error = vpx_codec_enc_config_set(context, &configuration)
    guard error == VPX_CODEC_OK else { throw .unavailable(code: Int32(error.rawValue)) }
  }

  /// Another size, in pixels, from the next picture on, which is a keyframe.
  public func setSize(width: Int, height: Int) throws(CodecError) {
    guard width != settings.width || height != settings.height else { return }
    var changed = settings
    changed.width = width
    changed.height = height
    guard changed.isValid else { throw .invalidSetting }
    settings = changed
    if isOpen { vpx_codec_destroy(context) }
    isOpen = false
    try open()
  }

  /// - Parameters:
  ///   - picture: of the size of the settings.
  ///   - timestamp: in ticks of 1/90000 s, later than that of the picture before.
  ///   - isKeyframe: asks for a keyframe; others come as the encoder sees fit.
  /// - Returns: one frame; `nil` when the encoder left it out to hold the bitrate.
  public func encode(
    _ picture: I420Picture, timestamp: Int64, isKeyframe: Bool
  ) throws(CodecError) -> [UInt8]? {
    guard isOpen, picture.width == settings.width, picture.height == settings.height,
      timestamp > lastTimestamp ?? .min
    else { throw .invalidSetting }
    let usual = Int64(90_000 / settings.frameRate)
    let duration = lastTimestamp.map { min(timestamp - $0, 90_000) } ?? usual
    lastTimestamp = timestamp
    let error = vpx_vp8_encode_i420(
      context, picture.pixels, UInt32(picture.width), UInt32(picture.height), timestamp,
      UInt(duration), isKeyframe ? 1 : 0)
    guard error == VPX_CODEC_OK else { throw .malformed(code: Int32(error.rawValue)) }
    var iterator: vpx_codec_iter_t?
    while let packet = vpx_codec_get_cx_data(context, &iterator) {
      guard packet.pointee.kind == VPX_CODEC_CX_FRAME_PKT, let bytes = packet.pointee.data.frame.buf
      else { continue }
      return Array(UnsafeRawBufferPointer(start: bytes, count: packet.pointee.data.frame.sz))
    }
    return nil
  }

  private func open() throws(CodecError) {
    var configuration = try Self.configuration(settings)
    context.pointee = vpx_codec_ctx_t()
    let error = vpx_vp8_encoder_open(context, &configuration)
    guard error == VPX_CODEC_OK else { throw .unavailable(code: Int32(error.rawValue)) }
    isOpen = true
    lastTimestamp = nil
    let controls: [(vp8e_enc_control_id, Int)] = [
      (VP8E_SET_CPUUSED, -settings.speed),
      (VP8E_SET_STATIC_THRESHOLD, 1),
      (VP8E_SET_NOISE_SENSITIVITY, 0),
      // A keyframe of at most so many percent of the frame budget: half of the 0.6 s of `rc_buf_optimal`.
      (VP8E_SET_MAX_INTRA_BITRATE_PCT, max(300, 300 * settings.frameRate / 10)),
    ]
    for (control, value) in controls {
      let error = vpx_vp8_encoder_set(
        context, Int32(control.rawValue), Int32(truncatingIfNeeded: value))
      guard error == VPX_CODEC_OK else { throw .unavailable(code: Int32(error.rawValue)) }
    }
  }

  private static func configuration(
    _ settings: Settings
  ) throws(CodecError) -> vpx_codec_enc_cfg_t {
    var configuration = vpx_codec_enc_cfg_t()
    let error = vpx_vp8_encoder_defaults(&configuration)
    guard error == VPX_CODEC_OK else { throw .unavailable(code: Int32(error.rawValue)) }
    configuration.g_w = UInt32(settings.width)
    configuration.g_h = UInt32(settings.height)
    configuration.g_timebase = vpx_rational(num: 1, den: 90_000)
    configuration.g_threads = 1
    configuration.g_lag_in_frames = 0
    configuration.g_error_resilient = 0
    configuration.rc_end_usage = VPX_CBR
    configuration.rc_target_bitrate = UInt32((settings.bitrate + 500) / 1000)
    configuration.rc_min_quantizer = 2
    configuration.rc_max_quantizer = 56
    configuration.rc_undershoot_pct = 100
    configuration.rc_overshoot_pct = 15
    configuration.rc_buf_sz = 1000
    configuration.rc_buf_initial_sz = 500
    configuration.rc_buf_optimal_sz = 600
    configuration.rc_dropframe_thresh = 30
    // Keyframes come when they are asked for.
    configuration.kf_mode = VPX_KF_AUTO
    configuration.kf_max_dist = 3000
    return configuration
  }
}

internal import CVPX

/// VP8 to pictures (RFC 6386). Confined to one thread.
///
/// A frame that is broken, or lost, breaks those after it: from then on `decode` refuses what is no
/// keyframe, so that no smeared picture comes out, and the next keyframe heals.
public final class VP8Decoder {
  public struct Counters: Hashable, Sendable {
    public var frames: UInt64 = 0
    public var keyframes: UInt64 = 0
    /// Octets that are no frame, or whose content the decoder refused.
    public var malformed: UInt64 = 0
    public var tooLarge: UInt64 = 0
    /// Frames that came while only a keyframe would have helped.
    public var withoutReference: UInt64 = 0

    public init() {}
  }

  public private(set) var counters = Counters()
  /// Only a keyframe can be decoded next.
  public private(set) var needsKeyframe = true
  public let maximumPixels: Int
  private let context: UnsafeMutablePointer<vpx_codec_ctx_t>

  /// 1920 by 1200: what a decoder takes if nothing else is said.
  public static let usualMaximumPixels = 1920 * 1200

  /// - Parameter maximumPixels: a picture of more is refused before memory is spent on it.
  public init(maximumPixels: Int = usualMaximumPixels) throws(CodecError) {
    self.maximumPixels = maximumPixels
    context = .allocate(capacity: 1)
    context.initialize(to: vpx_codec_ctx_t())
    let error = vpx_vp8_decoder_open(context)
    guard error == VPX_CODEC_OK else { throw .unavailable(code: Int32(error.rawValue)) }
  }

  deinit {
    vpx_codec_destroy(context)
    context.deallocate()
  }

  /// What was not given to `decode` was needed by what comes: waits for a keyframe.
  public func noteLoss() { needsKeyframe = true }

  /// - Parameter frame: one whole frame, without payload descriptors.
  /// - Returns: the picture, `nil` when the frame is not to be shown.
  public func decode(_ frame: UnsafeRawBufferPointer) throws(CodecError) -> I420Picture? {
    counters.frames &+= 1
    guard let header = VP8FrameHeader(frame) else { throw fail(0) }
    if header.isKeyframe {
      guard header.width * header.height <= maximumPixels else {
        needsKeyframe = true
        counters.tooLarge &+= 1
        throw .tooLarge
      }
    } else if needsKeyframe {
      counters.withoutReference &+= 1
      throw .needsKeyframe
    }
    let bytes = frame.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let error = vpx_codec_decode(context, bytes, UInt32(frame.count), nil, 0)
    guard error == VPX_CODEC_OK else { throw fail(Int32(error.rawValue)) }
    var iterator: vpx_codec_iter_t?
    let image = vpx_codec_get_frame(context, &iterator)
    guard vpx_vp8_is_corrupted(context) == 0 else { throw fail(0) }
    if header.isKeyframe {
      counters.keyframes &+= 1
      needsKeyframe = false
    }
    guard let image, header.isShown else { return nil }
    return Self.picture(image.pointee)
  }

  private func fail(_ code: Int32) -> CodecError {
    counters.malformed &+= 1
    needsKeyframe = true
    return .malformed(code: code)
  }

  private static func picture(_ image: vpx_image_t) -> I420Picture? {
    guard image.fmt == VPX_IMG_FMT_I420, image.d_w > 0, image.d_h > 0,
      image.d_w <= I420Picture.maximumSide, image.d_h <= I420Picture.maximumSide,
      let luma = image.planes.0, let cb = image.planes.1, let cr = image.planes.2
    else { return nil }
    let width = Int(image.d_w)
    let height = Int(image.d_h)
    return I420Picture(width: width, height: height) { target in
      var at = target
      func copy(_ plane: UnsafeMutablePointer<UInt8>, _ stride: Int32, _ width: Int, _ rows: Int) {
        for row in 0..<rows {
          at.update(from: plane + row * Int(stride), count: width)
          at += width
        }
      }
      copy(luma, image.stride.0, width, height)
      copy(cb, image.stride.1, (width + 1) / 2, (height + 1) / 2)
      copy(cr, image.stride.2, (width + 1) / 2, (height + 1) / 2)
    }
  }
}

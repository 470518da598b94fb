internal import Wire

extension MediaCodec {
  /// As in `a=rtpmap`.
  var encodingName: String {
    switch self {
    case .opus: "opus"
    case .red: "red"
    case .vp8: "VP8"
    case .h264: "H264"
    }
  }
}

internal import Wire

/// What an `a=fmtp` of H.264 says about compatibility (RFC 6184 section 8.1).
enum H264Profile {
  /// The canonical profile of the Constrained Baseline: every decoder of a higher profile takes it.
  static let constrainedBaseline: UInt16 = 0x42E0
  static let baseline: UInt16 = 0x4200

  /// The codec that the parameters describe; `nil` for interleaved packetization (mode 2), which
  /// no browser sends, and for a malformed `profile-level-id`.
  static func codec(_ parameters: FormatParameters?) -> MediaCodec? {
    let mode: UInt8
    switch parameters?["packetization-mode"] {
    case nil, "0": mode = 0
    case "1": mode = 1
    default: return nil
    }
    // Without the parameter: Baseline at level 1 (RFC 6184 section 8.1).
    let text = parameters?["profile-level-id"] ?? "420010"
    guard text.utf8.count == 6, let value = UInt32(text, radix: 16), text.first != "+" else {
      return nil
    }
    let profile = canonical(
      idc: UInt8(truncatingIfNeeded: value >> 16), iop: UInt8(truncatingIfNeeded: value >> 8))
    return .h264(profile: profile, packetizationMode: mode)
  }

  /// One value for all spellings of a profile (RFC 6184 section 8.1, table 5): `profile_idc` and
  /// `profile-iop` as the usual SDP writes them. The low bits of `profile-iop` only narrow a
  /// Baseline further and are left out of it.
  static func canonical(idc: UInt8, iop: UInt8) -> UInt16 {
    let set0 = iop & 0x80 != 0
    let set1 = iop & 0x40 != 0
    switch (idc, set0, set1) {
    case (0x42, _, true), (0x4D, true, _), (0x58, true, true): return constrainedBaseline
    case (0x42, _, false), (0x58, true, false): return baseline
    case (0x4D, false, _) where iop & 0x20 == 0: return 0x4D00
    case (0x58, false, false): return 0x5800
    default: return UInt16(idc) << 8 | UInt16(iop)
    }
  }

  /// How welcome a variant is from a publisher, least first: the one that most viewers can decode.
  static func rank(_ codec: MediaCodec) -> Int {
    guard case .h264(let profile, let mode) = codec else { return 0 }
    switch (profile, mode) {
    case (constrainedBaseline, 1): return 1
    case (constrainedBaseline, _): return 2
    case (baseline, 1): return 3
    case (_, 1): return 4
    default: return 5
    }
  }
}

public import Wire

/// The payload types and header extensions of all benchmarks.
public enum MediaFormat {
  public static let opus = PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)
  public static let vp8 = PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)

  public static func payloads(_ kind: MediaKind) -> [PayloadBinding] {
    kind == .audio ? [opus] : [vp8]
  }

  public static let mid: UInt8 = 4
  public static let transportWideCC: UInt8 = 3
  public static let audioLevel: UInt8 = 1

  public static var extensions: HeaderExtensionMap {
    var map = HeaderExtensionMap()
    map[.mid] = mid
    map[.transportWideCC] = transportWideCC
    map[.audioLevel] = audioLevel
    return map
  }
}

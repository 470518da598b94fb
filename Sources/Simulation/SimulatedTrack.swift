public import Wire

/// What a simulated peer publishes on one m= section.
public struct SimulatedTrack: Hashable, Sendable {
  public var kind: MediaKind
  /// Marks its payloads.
  public var stream: UInt32
  public var ssrc: SSRC
  /// Video only.
  public var rtxSSRC: SSRC?
  public var mid: String
  /// Video: bits a second and frames a second. Audio is Opus-shaped, a packet each 20 ms.
  public var bitrate: Int
  public var frameRate: Int
  /// The chance that a padding-only packet follows a frame.
  public var padding: Double
  /// Of a simulcast encoding.
  public var rid: String?
  /// Pixels; told by keyframes when not zero.
  public var width: UInt16 = 0
  public var height: UInt16 = 0
  /// Frames come in three temporal layers.
  public var hasTemporalLayers = false

  public init(
    kind: MediaKind, stream: UInt32, ssrc: SSRC, rtxSSRC: SSRC?, mid: String,
    bitrate: Int = 600_000, frameRate: Int = 30, padding: Double = 0
  ) {
    self.kind = kind
    self.stream = stream
    self.ssrc = ssrc
    self.rtxSSRC = rtxSSRC
    self.mid = mid
    self.bitrate = bitrate
    self.frameRate = frameRate
    self.padding = padding
  }
}

/// The payload types and header extension ids of all simulated peers.
public enum SimulatedFormat {
  public static let opus = PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)
  public static let vp8 = PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)

  public static func payloads(_ kind: MediaKind) -> [PayloadBinding] {
    kind == .audio ? [opus] : [vp8]
  }

  public static var extensions: HeaderExtensionMap {
    var map = HeaderExtensionMap()
    map[.mid] = 4
    map[.transportWideCC] = 3
    map[.audioLevel] = 1
    map[.rtpStreamID] = 5
    map[.repairedRTPStreamID] = 6
    return map
  }
}

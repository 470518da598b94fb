public import Wire

/// Where a trouble is.
public enum FaultSide: String, Hashable, Sendable, CaseIterable {
  case senderDevice = "sender-device"
  case senderUplink = "sender-uplink"
  case node
  case receiverDownlink = "receiver-downlink"
  case receiverDevice = "receiver-device"
}

/// What the trouble is.
public enum IncidentCause: String, Hashable, Sendable, CaseIterable {
  case loss, jitter, delay, congestion
  /// No new picture, or hardly any.
  case freeze
  /// Fewer pictures than usable ones need.
  case lowFrameRate = "low-frame-rate"
  /// The microphone sends digital silence.
  case silence
  /// The microphone is driven into clipping.
  case saturation
  /// Sound is missing in one direction.
  case oneWayAudio = "one-way-audio"
  /// Sound has holes at the ear that the network does not explain.
  case playout
  /// Nothing comes or goes.
  case drop
  case reconnect
  /// Media takes another way, as through a relay.
  case relayChange = "relay-change"
  case audioOnly = "audio-only"
  case clockStep = "clock-step"
  case overload
}

public enum IncidentSeverity: String, Hashable, Sendable, Comparable {
  /// Noticeable.
  case minor
  /// Talking becomes laborious.
  case major
  /// Talking or seeing is not possible.
  case critical

  private var rank: Int {
    switch self {
    case .minor: 0
    case .major: 1
    case .critical: 2
    }
  }

  public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
}

/// A stretch of time in which something was wrong with what one participant sends or gets.
public struct Incident: Hashable, Sendable {
  public var side: FaultSide
  public var cause: IncidentCause
  public var severity: IncidentSeverity
  public var began: MediaInstant
  /// `nil` while it goes on.
  public var ended: MediaInstant?
  /// The worst value of what `cause` is measured by: a share 0...1, or milliseconds, or frames a
  /// second.
  public var worst: Double

  public init(
    side: FaultSide, cause: IncidentCause, severity: IncidentSeverity, began: MediaInstant,
    ended: MediaInstant? = nil, worst: Double
  ) {
    self.side = side
    self.cause = cause
    self.severity = severity
    self.began = began
    self.ended = ended
    self.worst = worst
  }
}

public enum IncidentChange: Hashable, Sendable {
  case began(Incident)
  case ended(Incident)
}

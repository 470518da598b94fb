/// How a participant is here who has no browser: sound alone, over RTP, to and from a gateway of telephones or a
/// program that analyses.
public struct Bridge: Hashable, Sendable {
  /// From here, as in SDP (RFC 3264 section 5.1).
  public enum Direction: String, Codable, Hashable, Sendable, CaseIterable {
    case both = "sendrecv"
    /// It hears and is not heard.
    case hears = "sendonly"
    /// It is heard and does not hear.
    case speaks = "recvonly"
  }

  public let direction: Direction
  /// SRTP (RFC 3711).
  public let isEncrypted: Bool

  /// Of one consultation.
  public static let limit = 2

  public init(_ direction: Direction, isEncrypted: Bool) {
    self.direction = direction
    self.isEncrypted = isEncrypted
  }

  public var hears: Bool { direction != .speaks }
  public var speaks: Bool { direction != .hears }

  /// Whom the act is between comes by a browser: what they are asked there nobody can answer by telephone.
  public func suits(_ role: ParticipantRole) -> Bool {
    switch role {
    case .interpreter, .relative, .expert: true
    case .observer: !speaks
    case .patient, .physician, .assistant, .ops, .backend, .loadtest: false
    }
  }
}

/// Why a bridge is over.
public enum BridgeEnd: String, Codable, Hashable, Sendable, CaseIterable {
  /// The program that began it has ended it.
  case stopped
  /// Somebody inside took it out.
  case removed
  /// Somebody has refused, or withdrawn the consent.
  case consent
  /// Nobody else is left.
  case departure
  /// The consultation has ended.
  case consultation
  /// The server stops, or has crashed.
  case interrupted

  init(_ reason: LeaveReason) {
    self =
      switch reason {
      case .left: .stopped
      case .ended: .consultation
      case .removed: .removed
      case .connectionLost, .replaced, .mediaFailed, .serverShutdown, .serverCrash: .interrupted
      }
  }
}

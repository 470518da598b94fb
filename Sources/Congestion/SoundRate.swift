/// What a publisher's Opus encoder may produce, by the narrowest path to somebody who listens. From the
/// best down.
public enum SoundRate: UInt8, Hashable, Sendable, CaseIterable, Comparable {
  case ample
  case lean
  /// Long packets: of 20 ms each the headers would take more than the voice.
  case least

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// Of Opus, bits/s.
  public var bitrate: Int {
    switch self {
    case .ample: 48_000
    case .lean: 24_000
    case .least: 12_000
    }
  }

  /// Of sound in a packet, milliseconds.
  public var packetTime: Int { self == .least ? 60 : 20 }

  /// Of one voice, bits/s, with RTP headers and SRTP tag; with RED (RFC 2198) the packet before comes
  /// again in each.
  public func cost(redundancy: Bool) -> Int {
    let packets = 1000 / packetTime
    return bitrate * (redundancy ? 2 : 1) + packets * (redundancy ? 42 : 40) * 8
  }
}

/// What of the sound a viewer's path is given.
public struct SoundBudget: Hashable, Sendable {
  public var rate: SoundRate
  /// Whether each packet carries the one before once more.
  public var redundancy: Bool

  public init(rate: SoundRate = .ample, redundancy: Bool = true) {
    self.rate = rate
    self.redundancy = redundancy
  }

  /// Of one voice, bits/s.
  public var cost: Int { rate.cost(redundancy: redundancy) }
}

internal import Synchronization
internal import Transport
internal import Wire

/// What all simulated participants of a run have in common.
struct ParticipantSettings: Sendable {
  var videoKilobits: Double
  var framesPerSecond: Double
  /// Octets of an Opus packet.
  var audioOctets: Int
  var hasAudio: Bool
  var hasVideo: Bool
  /// Sound is repeated (RED) and asked for again, where the server takes that.
  var repairsSound = false
  var token: String
  /// Where the signaling server is, when it was given as an address.
  var serverAddress: IPAddress?
  let generator: Generator
  let client: NetworkClient
  let journal: JoinJournal
  let numbers: RunNumbers

  func content(isVideo: Bool) -> OutboundPlan.Content {
    isVideo
      ? .vp8(kilobitsPerSecond: videoKilobits, framesPerSecond: framesPerSecond)
      : .opus(octets: audioOctets)
  }
}

/// Numbers that are used once in a run.
final class RunNumbers: Sendable {
  private let next = Mutex<(endpoint: Int, tag: UInt32, seed: UInt64)>((0, 0, 1))

  init(seed: UInt64) { next.withLock { $0.seed = seed } }

  func endpoint() -> EndpointID {
    next.withLock {
      $0.endpoint += 1
      return EndpointID(rawValue: $0.endpoint)
    }
  }

  func tag() -> UInt32 {
    next.withLock {
      $0.tag += 1
      return $0.tag
    }
  }

  func seed() -> UInt64 {
    next.withLock {
      $0.seed &+= 0x9E37_79B9_7F4A_7C15
      return $0.seed
    }
  }
}

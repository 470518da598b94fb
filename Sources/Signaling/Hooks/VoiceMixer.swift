public import Congestion
public import MediaEngine

/// Who puts voices together, as signaling is given it.
public protocol VoiceMixer: Sendable {
  /// Begins: from now on a stream of Opus goes into the feed, silence until somebody is heard.
  ///
  /// - Parameters:
  ///   - feed: takes the mix to the worker.
  ///   - payloadType: of the mix.
  func mix(
    into feed: PacketFeed, payloadType: UInt8, at rate: SoundRate
  ) throws(RenditionRefusal) -> any RunningVoiceMix
}

/// A mix, until it is ended.
public protocol RunningVoiceMix: RunningHook {
  /// Who is heard from now on.
  func hear(_ voices: [BridgeVoice])
  /// What the path of the listener has room for.
  func setRate(_ rate: SoundRate)
}

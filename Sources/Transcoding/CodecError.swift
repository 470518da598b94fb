/// Why a codec refused. Octets from the network are never the reason of anything worse.
public enum CodecError: Error, Hashable, Sendable {
  /// The library could not make a coder of these settings.
  case unavailable(code: Int32)
  /// A value outside of what the coder takes.
  case invalidSetting
  /// The input is not what it claims to be. The coder goes on with the next one.
  case malformed(code: Int32)
  /// A picture of more pixels than the decoder was told to take.
  case tooLarge
  /// A frame that needs others, which the decoder does not have: only a keyframe helps.
  case needsKeyframe
}

/// The `media` of an m= section that carries RTP (RFC 8866 section 5.14).
public enum MediaKind: String, Hashable, Sendable, CaseIterable {
  case audio, video
}

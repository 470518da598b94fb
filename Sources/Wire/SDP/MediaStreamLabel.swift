/// `a=msid` (RFC 8830): the media stream that a section's track belongs to.
public struct MediaStreamLabel: Hashable, Sendable {
  /// `-` = in no stream.
  public var stream: String
  public var track: String?

  public init(stream: String, track: String?) {
    self.stream = stream
    self.track = track
  }

  init?(value: Substring) {
    let words = value.split(separator: " ")
    guard (1...2).contains(words.count) else { return nil }
    stream = String(words[0])
    track = words.count > 1 ? String(words[1]) : nil
  }

  /// `stream track`, as it is written.
  public var text: String { stream + (track.map { " \($0)" } ?? "") }
}

/// What a publisher's encoder should produce for the sake of the narrowest path to somebody who
/// receives it (Docs/Protocol.md).
struct EncodingLimit: Equatable, Sendable, Encodable {
  var publication: String
  /// bits/s
  var maxBitrate: Int
  /// Of sound in a packet, milliseconds.
  var packetTime: Int
}

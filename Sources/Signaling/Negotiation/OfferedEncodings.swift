internal import MediaEngine
internal import Wire

/// The encodings of a section that a client offers to send at once (RFC 8851, RFC 8853), from the smallest
/// picture up.
enum OfferedEncodings {
  /// Empty where there are less than two, or where packets would not tell theirs. Of alternatives the first
  /// counts.
  static func all(
    in section: MediaDescription, extensions: [ExtensionMapEntry]
  ) -> [SimulcastDescription.Alternative] {
    guard extensions.contains(where: { $0.uri == HeaderExtension.rtpStreamID.uri }) else {
      return []
    }
    var sent: Set<String> = []
    var streams: [[SimulcastDescription.Alternative]] = []
    for attribute in section.attributes {
      switch attribute {
      case .restriction(let rid) where rid.direction == .send: sent.insert(rid.id)
      case .simulcast(let simulcast): streams = simulcast.send
      default: break
      }
    }
    var encodings: [SimulcastDescription.Alternative] = []
    for stream in streams {
      // As long as the header extension holds it.
      guard let encoding = stream.first, sent.contains(encoding.rid),
        (1...16).contains(encoding.rid.utf8.count),
        !encodings.contains(where: { $0.rid == encoding.rid }),
        encodings.count < PublicationParameters.maximumEncodings
      else { continue }
      encodings.append(encoding)
    }
    guard encodings.count > 1 else { return [] }
    return isLargestFirst(encodings.map(\.rid)) ? encodings.reversed() : encodings
  }

  /// Names by which senders tell the order; without one it is that of the list.
  private static func isLargestFirst(_ rids: [String]) -> Bool {
    let sizes = ["q", "h", "f"]
    guard let first = rids.first.flatMap({ sizes.firstIndex(of: $0) }),
      let last = rids.last.flatMap({ sizes.firstIndex(of: $0) })
    else { return false }
    return first > last
  }
}

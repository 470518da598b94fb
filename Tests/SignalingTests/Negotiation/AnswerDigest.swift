import Wire

/// An answer in a few words a section, for comparison with what was read off the offer by hand.
enum AnswerDigest {
  /// `0 audio recvonly 111 ext 1,3,4`, `1 video rejected`
  static func of(_ answer: SessionDescription) -> [String] {
    answer.sections.map { section in
      var words = [section.mid ?? "-", section.media]
      guard section.port != 0 else { return (words + ["rejected"]).joined(separator: " ") }
      words.append(answer.direction(of: section).rawValue)
      words += section.formats
      words.append("ext")
      words.append(section.extensionMaps.map { "\($0.id)" }.sorted().joined(separator: ","))
      return words.joined(separator: " ")
    }
  }
}

/// How long what is kept of consultations that have ended stays, in days; 0: until somebody erases it.
public struct Retention: Hashable, Sendable {
  /// Scores, incidents and timelines.
  public var quality: Int
  /// Names, and what an issuer calls a professional.
  public var personal: Int
  /// All of a consultation but the audit log's entries.
  public var records: Int

  public init(quality: Int = 395, personal: Int = 365, records: Int = 1095) {
    self.quality = quality
    self.personal = personal
    self.records = records
  }

  public enum Category: String, CaseIterable, Hashable, Sendable {
    case quality, personal, records
  }

  public subscript(_ category: Category) -> Int {
    switch category {
    case .quality: quality
    case .personal: personal
    case .records: records
    }
  }

  /// What has ended before then goes; `nil`: nothing does.
  public func limit(of category: Category, at now: WallClock) -> WallClock? {
    let days = self[category]
    return days > 0 ? now.advanced(bySeconds: -Int64(days) * 86_400) : nil
  }
}

/// What a purge has taken away, or would.
public struct Purged: Hashable, Sendable {
  public let category: Retention.Category
  /// What had ended before then.
  public let before: WallClock
  /// Consultations.
  public let count: Int
  /// SHA-256 in base64 of their ids in the order of their bytes, each followed by a line feed: whoever
  /// knows the ids can tell whether it was these.
  public let digest: String

  public init(category: Retention.Category, before: WallClock, count: Int, digest: String) {
    self.category = category
    self.before = before
    self.count = count
    self.digest = digest
  }
}

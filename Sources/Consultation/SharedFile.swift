/// Names a shared file within its consultation.
public struct FileID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: String

  /// `f_` and letters and digits, 64 characters at most: it is the name of a file on the disk, too.
  public init?(rawValue: String) {
    guard rawValue.hasPrefix("f_"), (3...64).contains(rawValue.utf8.count),
      rawValue.utf8.dropFirst(2).allSatisfy({
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
      })
    else { return nil }
    self.rawValue = rawValue
  }

  public static func random(using random: inout some RandomNumberGenerator) -> FileID {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    let letters = (0..<24).map { _ in alphabet[Int(UInt8.random(in: 0..<32, using: &random))] }
    guard let id = FileID(rawValue: "f_" + String(decoding: letters, as: UTF8.self)) else {
      preconditionFailure("letters and digits make an id")
    }
    return id
  }

  public var description: String { rawValue }
}

/// A file as the record has it: everything but its name and its content, which may tell who it is about.
public struct SharedFile: Hashable, Sendable {
  public let id: FileID
  public let owner: ParticipantID
  public let type: FileType
  /// Octets.
  public let size: Int
  /// Of the content, in hexadecimal.
  public let sha256: String
  /// Shared within a private aside.
  public let isAside: Bool
  /// Who else could fetch it, when it was shared.
  public let recipients: [ParticipantID]
  public let handover: Handover?

  public init(
    id: FileID, owner: ParticipantID, type: FileType, size: Int, sha256: String, isAside: Bool,
    recipients: [ParticipantID], handover: Handover?
  ) {
    self.id = id
    self.owner = owner
    self.type = type
    self.size = size
    self.sha256 = sha256
    self.isAside = isAside
    self.recipients = recipients
    self.handover = handover
  }

  /// It stays behind for the program that books.
  public struct Handover: Hashable, Sendable {
    public let until: WallClock
    /// Where it is fetched.
    public let link: String

    public init(until: WallClock, link: String) {
      self.until = until
      self.link = link
    }
  }
}

/// A file as it is kept.
public struct FileRecord: Hashable, Sendable {
  public let id: FileID
  public let consultation: ConsultationID
  public let owner: ParticipantID
  public let type: FileType
  public let size: Int
  public let sha256: String
  public let isAside: Bool
  public let at: WallClock
  /// Until when its content stays behind; `nil`: it is gone with the consultation.
  public let keptUntil: WallClock?

  public init(
    id: FileID, consultation: ConsultationID, owner: ParticipantID, type: FileType, size: Int,
    sha256: String, isAside: Bool, at: WallClock, keptUntil: WallClock?
  ) {
    self.id = id
    self.consultation = consultation
    self.owner = owner
    self.type = type
    self.size = size
    self.sha256 = sha256
    self.isAside = isAside
    self.at = at
    self.keptUntil = keptUntil
  }

  public init(_ file: SharedFile, in consultation: ConsultationID, at: WallClock) {
    self.init(
      id: file.id, consultation: consultation, owner: file.owner, type: file.type,
      size: file.size, sha256: file.sha256, isAside: file.isAside, at: at,
      keptUntil: file.handover?.until)
  }
}

/// What may be shared, and what is made here. Which type a shared file has is read from its first octets, never from
/// its name or from what the sender says.
public enum FileType: String, Codable, Hashable, Sendable, CaseIterable {
  case jpeg, png, webp, pdf
  /// A recording; nobody shares one.
  case webm

  public static let shareable: [FileType] = [.jpeg, .png, .webp, .pdf]

  /// Octets that are needed to tell.
  public static let signatureLength = 12

  public var mediaType: String {
    switch self {
    case .jpeg: "image/jpeg"
    case .png: "image/png"
    case .webp: "image/webp"
    case .pdf: "application/pdf"
    case .webm: "video/webm"
    }
  }

  /// - Parameter octets: the beginning of a file; `signatureLength` of them, or all that it has.
  public init?(signature octets: some Collection<UInt8>) {
    let head = Array(octets.prefix(Self.signatureLength))
    func begins(_ signature: [UInt8], at place: Int = 0) -> Bool {
      head.count >= place + signature.count
        && head[place..<place + signature.count].elementsEqual(signature)
    }
    if begins([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if begins(Array("RIFF".utf8)), begins(Array("WEBP".utf8), at: 8) {
      self = .webp
    } else if begins(Array("%PDF-".utf8)) {
      self = .pdf
    } else {
      return nil
    }
  }
}

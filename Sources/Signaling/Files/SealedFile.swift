internal import Consultation
internal import Crypto
internal import Foundation

/// A shared file as it lies on the disk: segments of 64 KiB, each sealed by AES-256-GCM under a key that this file
/// alone has, made from the key of its consultation. What erases that key makes every copy unreadable.
struct SealedFile {
  /// Octets of content in a segment; the last one may have fewer.
  static let segment = 65_536
  private static let tag = 16

  let path: String
  private let key: SymmetricKey
  /// What came and fills no segment yet: it is in memory alone.
  private var tail: [UInt8] = []
  private var segments: UInt64 = 0

  /// - Parameter key: of the consultation, for files; none: one that ends with the process.
  init(_ id: FileID, in folder: String, key: [UInt8]?) {
    path = folder + "/" + id.rawValue
    self.key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: key.map { SymmetricKey(data: $0) } ?? SymmetricKey(size: .bits256),
      info: Data("file \(id)".utf8), outputByteCount: 32)
  }

  func create() -> Bool {
    FileManager.default.createFile(
      atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
  }

  /// - Parameter isLast: whether the file is whole with it.
  mutating func append(_ octets: [UInt8], isLast: Bool) throws {
    var rest = tail + octets
    var sealed: [UInt8] = []
    var count = segments
    while rest.count >= Self.segment || (isLast && !rest.isEmpty) {
      let box = try AES.GCM.seal(
        rest.prefix(Self.segment), using: key, nonce: Self.nonce(count))
      sealed += box.ciphertext + box.tag
      rest.removeFirst(min(Self.segment, rest.count))
      count += 1
    }
    if !sealed.isEmpty {
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      try handle.seek(toOffset: segments * UInt64(Self.segment + Self.tag))
      try handle.write(contentsOf: sealed)
    }
    (tail, segments) = (rest, count)
  }

  /// The octets from there to the end of their segment; `nil` when they cannot be read or were changed.
  func read(at offset: Int) -> [UInt8]? {
    let number = UInt64(offset / Self.segment)
    guard let handle = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)) else {
      return nil
    }
    defer { try? handle.close() }
    let place = number * UInt64(Self.segment + Self.tag)
    guard (try? handle.seek(toOffset: place)) != nil,
      let sealed = try? handle.read(upToCount: Self.segment + Self.tag), sealed.count > Self.tag,
      let nonce = try? Self.nonce(number),
      let box = try? AES.GCM.SealedBox(
        nonce: nonce, ciphertext: sealed.dropLast(Self.tag), tag: sealed.suffix(Self.tag)),
      let content = try? AES.GCM.open(box, using: key)
    else { return nil }
    return Array(content.dropFirst(offset % Self.segment))
  }

  /// A segment is sealed once, and no other file has the key: its number is enough.
  private static func nonce(_ number: UInt64) throws -> AES.GCM.Nonce {
    try AES.GCM.Nonce(
      data: [UInt8](repeating: 0, count: 4) + withUnsafeBytes(of: number.bigEndian, Array.init))
  }
}

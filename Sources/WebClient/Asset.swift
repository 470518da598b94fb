/// One file of the web client as it is served: immutable, read once at start.
public struct Asset: Sendable, Hashable {
  /// The body, unchanged from the file.
  public let bytes: [UInt8]
  /// The value of `Content-Type` (RFC 9110 §8.3), with a charset for text.
  public let contentType: String
  /// A strong entity tag with its quotes, ready for `ETag` and `If-None-Match` (RFC 9110 §8.8.3).
  public let etag: String

  /// `name` is the file's name; its extension decides the content type.
  init(name: String, bytes: [UInt8]) {
    self.bytes = bytes
    self.contentType = Self.contentType(of: name)
    self.etag = Self.etag(of: bytes)
  }

  private static func contentType(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "svg": "image/svg+xml"
    case "json": "application/json"
    case "yaml": "application/yaml"
    case "png": "image/png"
    case "txt", "md": "text/plain; charset=utf-8"
    default: "application/octet-stream"
    }
  }

  /// FNV-1a (64 bits) and the length: an identity of our own files, not a defence against forgery.
  private static func etag(of bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return "\"\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))\""
  }
}

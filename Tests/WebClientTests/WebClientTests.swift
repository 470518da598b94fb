import Foundation
import Testing
import WebClient

@Suite("The web client's files")
struct WebClientTests {
  @Test("every page and the library are found, with type and entity tag")
  func pages() throws {
    let expected = [
      "/": "text/html; charset=utf-8", "/join": "text/html; charset=utf-8",
      "/ops": "text/html; charset=utf-8", "/indicators": "text/html; charset=utf-8",
      "/client/visavis.js": "text/javascript; charset=utf-8",
      "/favicon.ico": "image/svg+xml",
    ]
    for (path, type) in expected {
      let asset = try #require(WebClient.asset(path: path), "\(path)")
      #expect(asset.contentType == type)
      #expect(!asset.bytes.isEmpty)
      #expect(asset.etag.hasPrefix("\"") && asset.etag.hasSuffix("\"") && asset.etag.count > 2)
    }
  }

  @Test(
    "a path that is not in the index has no file",
    arguments: [
      "", "//", "/client", "/client/", "/client/../WebClient.swift", "/client/%2e%2e/Package.swift",
      "/client/..", "../join.html", "/join/", "/join.html", "/client/visavis.js?x", "/etc/passwd",
      "/client//visavis.js", "/client/./visavis.js", "/client/.hidden", "/client/\0",
    ])
  func noTraversal(path: String) {
    #expect(WebClient.asset(path: path) == nil)
  }

  @Test("hidden files and links out of the folder are not served; equal files have equal tags")
  func folder() throws {
    let manager = FileManager.default
    let folder = manager.temporaryDirectory.appendingPathComponent("webclient-\(UUID().uuidString)")
    try manager.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? manager.removeItem(at: folder) }
    try Data("a".utf8).write(to: folder.appendingPathComponent("one.js"))
    try Data("a".utf8).write(to: folder.appendingPathComponent("two.js"))
    try Data("b".utf8).write(to: folder.appendingPathComponent("three.js"))
    try Data("s".utf8).write(to: folder.appendingPathComponent(".secret"))
    try manager.createSymbolicLink(
      atPath: folder.appendingPathComponent("link.js").path, withDestinationPath: "/etc/hostname")
    let client = try WebClient(folder: folder.path)
    #expect(client.paths == ["/client/one.js", "/client/three.js", "/client/two.js"])
    let one = client.asset(path: "/client/one.js")
    #expect(one?.etag == client.asset(path: "/client/two.js")?.etag)
    #expect(one?.etag != client.asset(path: "/client/three.js")?.etag)
  }

  @Test("a missing folder is an error that names it, not a trap")
  func missing() {
    #expect(throws: WebClientError.self) { try WebClient(folder: "/nonexistent/visavis") }
  }

  /// The policy forbids what is inline; the pages must therefore hold none.
  @Test(
    "no page needs what the content security policy forbids",
    arguments: ["/", "/join", "/ops", "/indicators"])
  func strictPolicy(path: String) throws {
    let asset = try #require(WebClient.asset(path: path))
    let text = String(decoding: asset.bytes, as: UTF8.self)
    #expect(!text.contains(" style=\""))
    #expect(!text.contains("<style"))
    #expect(!text.contains(" onclick="))
    #expect(!text.contains("javascript:"))
    #expect(!text.contains("src=\"http") && !text.contains("href=\"http"))
    for script in text.components(separatedBy: "<script").dropFirst() {
      #expect(script.contains("src=\"/client/"))
      #expect(script.contains("></script>"))
    }
  }
}

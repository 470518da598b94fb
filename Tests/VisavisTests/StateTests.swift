import Foundation
import Testing

@testable import Visavis

@Suite("The state folder")
struct StateTests {
  let base: String

  init() throws {
    base = FileManager.default.temporaryDirectory.path + "/visavis-state-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: false)
  }

  func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  func folder(_ name: String = "state") throws -> StateFolder {
    try StateFolder(base + "/" + name, environment: [:])
  }

  @Test("is made with its parents, for its owner alone")
  func made() throws {
    defer { try? FileManager.default.removeItem(atPath: base) }
    let folder = try folder("a/b")
    #expect(try mode(folder.path) == 0o700)
  }

  @Test("is by default where the XDG rules say")
  func whereabouts() throws {
    defer { try? FileManager.default.removeItem(atPath: base) }
    #expect(
      try StateFolder.defaultPath(environment: ["HOME": "/h", "XDG_STATE_HOME": "/x"])
        == "/x/visavis")
    #expect(
      try StateFolder.defaultPath(environment: ["HOME": "/h", "XDG_STATE_HOME": "relative"])
        == "/h/.local/state/visavis")
    #expect(throws: StateError.self) { try StateFolder.defaultPath(environment: [:]) }
  }

  @Test("is closed to others when empty or ours, and refused when it holds other things")
  func privacy() throws {
    defer { try? FileManager.default.removeItem(atPath: base) }
    for (name, file) in [("empty", nil), ("ours", "lock"), ("foreign", "letters.txt")] {
      let path = base + "/" + name
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      if let file { try Data().write(to: URL(fileURLWithPath: path + "/" + file)) }
      #expect(chmod(path, 0o755) == 0)
      if name == "foreign" {
        #expect {
          _ = try folder(name)
        } throws: {
          "\($0)".contains("chmod 700")
        }
        #expect(try mode(path) == 0o755)
      } else {
        _ = try folder(name)
        #expect(try mode(path) == 0o700)
      }
    }
  }

  @Test("has one server at a time, and the second is told of the first")
  func lock() throws {
    defer { try? FileManager.default.removeItem(atPath: base) }
    let folder = try folder()
    #expect(StateLock.runningServer(in: folder) == nil)
    do {
      let lock = try StateLock(folder)
      try lock.announce(url: "http://localhost:1")
      #expect(StateLock.runningServer(in: folder)?.url == "http://localhost:1")
      #expect {
        _ = try StateLock(folder)
      } throws: {
        "\($0)".contains("process \(getpid()), http://localhost:1")
      }
    }
    #expect(StateLock.runningServer(in: folder) == nil)
    _ = try StateLock(folder)
  }

  @Test("keeps the generated secrets private and the same")
  func secrets() throws {
    defer { try? FileManager.default.removeItem(atPath: base) }
    let folder = try folder()
    let first = try APICredentials(settings: Settings.API(), folder: folder)
    #expect(first.secret.utf8.count >= 32)
    #expect(try mode(folder.secrets) == 0o600)
    #expect(try APICredentials(settings: Settings.API(), folder: folder) == first)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["secrets.yaml"])
    let other = try APICredentials(settings: Settings.API(), folder: self.folder("other"))
    #expect(other.secret != first.secret && other.key != first.key)
  }

  @Test("secrets that others can read, or that are damaged, are refused with what to do")
  func damaged() throws {
    defer { try? FileManager.default.removeItem(atPath: base) }
    let folder = try folder()
    _ = try APICredentials(settings: Settings.API(), folder: folder)
    #expect(chmod(folder.secrets, 0o644) == 0)
    #expect {
      _ = try APICredentials(settings: Settings.API(), folder: folder)
    } throws: {
      "\($0)".contains("chmod 600")
    }
    #expect(chmod(folder.secrets, 0o600) == 0)
    try Data("api: {key: a}".utf8).write(to: URL(fileURLWithPath: folder.secrets))
    #expect {
      _ = try APICredentials(settings: Settings.API(), folder: folder)
    } throws: {
      "\($0)".contains("does not hold")
    }
  }

  @Test("configured secrets need no file")
  func configured() throws {
    defer { try? FileManager.default.removeItem(atPath: base) }
    let folder = try folder()
    let given = Settings.API(key: "k", secret: String(repeating: "s", count: 32))
    #expect(try APICredentials(settings: given, folder: folder).key == "k")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}

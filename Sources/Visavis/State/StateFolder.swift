internal import Foundation

/// The folder that outlives the process: database, generated secrets, lock. For its owner alone
/// (0700).
struct StateFolder: Sendable {
  let path: String

  var database: String { path + "/records.sqlite" }
  var secrets: String { path + "/secrets.yaml" }
  var files: String { path + "/files" }
  var recordings: String { path + "/recordings" }
  var audit: String { path + "/audit" }
  var lock: String { path + "/lock" }

  /// `$XDG_STATE_HOME/visavis`, else `~/.local/state/visavis` (XDG Base Directory 0.8).
  static func defaultPath(environment: [String: String]) throws(StateError) -> String {
    if let base = environment["XDG_STATE_HOME"], base.hasPrefix("/") { return base + "/visavis" }
    if let home = environment["HOME"], home.hasPrefix("/") {
      return home + "/.local/state/visavis"
    }
    throw StateError("there is no HOME to put the state folder in; set `state` to a folder")
  }

  /// Opens the folder, making what is missing of the path.
  init(_ given: String?, environment: [String: String]) throws(StateError) {
    let path: String
    if let given {
      path = URL(fileURLWithPath: given).standardizedFileURL.path
    } else {
      path = try Self.defaultPath(environment: environment)
    }
    self.path = path
    try Self.makeParents(of: path)
    if mkdir(path, 0o700) == 0 { return }
    guard errno == EEXIST else {
      throw StateError("the state folder \(path) cannot be made", errno)
    }
    try Self.checkPrivacy(path)
  }

  private static func makeParents(of path: String) throws(StateError) {
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    } catch {
      throw StateError("the folder \(parent.path) cannot be made: \(error.localizedDescription)")
    }
  }

  /// A folder that others may enter is closed to them when it is ours or empty; one that holds
  /// other things is left alone and refused.
  private static func checkPrivacy(_ path: String) throws(StateError) {
    guard let protection = FileProtection(path: path) else {
      throw StateError("the state folder \(path) cannot be read")
    }
    guard protection.isFolder else { throw StateError("the state folder \(path) is no folder") }
    guard protection.isOurs else {
      throw StateError("the state folder \(path) belongs to another user")
    }
    guard protection.isOpenToOthers else { return }
    let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? ["?"]
    guard contents.isEmpty || contents.contains("lock") else {
      throw StateError(
        "the state folder \(path) is open to others and holds other files; give a folder of its "
          + "own, or close it: chmod 700 \(path)")
    }
    guard chmod(path, 0o700) == 0 else {
      throw StateError("the state folder \(path) cannot be closed to others", errno)
    }
  }
}

/// The state folder cannot be used; for people.
struct StateError: Error, Hashable, CustomStringConvertible {
  let description: String

  init(_ text: String) { description = text }

  init(_ text: String, _ number: CInt) {
    description = text + ": " + String(cString: strerror(number))
  }
}

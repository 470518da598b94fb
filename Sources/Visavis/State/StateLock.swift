internal import Foundation

/// Held by the one server that uses a state folder, as long as its process lives. The file also
/// tells the other commands where that server is.
struct StateLock: ~Copyable {
  private let descriptor: CInt

  /// - Throws: when another server holds it; the error names that one.
  init(_ folder: StateFolder) throws(StateError) {
    let descriptor = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StateError("\(folder.lock) cannot be opened", errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let number = errno
      close(descriptor)
      guard number == EWOULDBLOCK else {
        throw StateError("\(folder.lock) cannot be locked", number)
      }
      let other = Self.holder(folder).map { " (process \($0.process), \($0.url))" } ?? ""
      throw StateError(
        "another visavis\(other) uses the state folder \(folder.path); stop it, or set `state` to "
          + "another folder")
    }
    self.descriptor = descriptor
    ftruncate(descriptor, 0)
  }

  deinit {
    ftruncate(descriptor, 0)
    close(descriptor)
  }

  /// Tells where the server can be reached.
  func announce(url: String) throws(StateError) {
    let text = Array("\(getpid())\n\(url)\n".utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count
    else { throw StateError("the lock file cannot be written", errno) }
  }

  /// The server that holds the lock of the folder; `nil` when none does.
  static func runningServer(in folder: StateFolder) -> (process: Int, url: String)? {
    let descriptor = open(folder.lock, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
    return holder(folder)
  }

  private static func holder(_ folder: StateFolder) -> (process: Int, url: String)? {
    let lines = (try? String(contentsOfFile: folder.lock, encoding: .utf8))?
      .split(separator: "\n")
    guard let lines, lines.count == 2, let process = Int(lines[0]) else { return nil }
    return (process, String(lines[1]))
  }
}

internal import Foundation
internal import Glibc

/// A file that only grows, for its owner alone (0600).
final class AuditFile {
  let path: String
  private let descriptor: Int32
  private(set) var length: Int

  init(path: String) throws(AuditError) {
    self.path = path
    descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0o600)
    guard descriptor >= 0 else { throw Self.failure("cannot be opened", path) }
    var status = stat()
    guard fchmod(descriptor, 0o600) == 0, fstat(descriptor, &status) == 0 else {
      throw Self.failure("cannot be made private", path)
    }
    length = Int(status.st_size)
  }

  deinit { Glibc.close(descriptor) }

  /// All of it or nothing.
  func append(_ bytes: [UInt8], isDurable: Bool) throws(AuditError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw takeBack("cannot be written") }
      written += count
    }
    if isDurable, fdatasync(descriptor) != 0 { throw takeBack("cannot be synchronised") }
    length += bytes.count
  }

  /// Cuts what stands behind `length`: a line that a crash tore.
  func cut(to length: Int) throws(AuditError) {
    guard ftruncate(descriptor, off_t(length)) == 0, fdatasync(descriptor) == 0 else {
      throw Self.failure("cannot be cut", path)
    }
    self.length = length
  }

  private func takeBack(_ what: String) -> AuditError {
    let error = Self.failure(what, path)
    _ = ftruncate(descriptor, off_t(length))
    return error
  }

  static func failure(_ what: String, _ path: String) -> AuditError {
    .storage("\(path) \(what): \(String(cString: strerror(errno)))")
  }

  /// All of a file that may be missing.
  static func contents(_ path: String) throws(AuditError) -> [UInt8] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    do {
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped))
    } catch { throw .storage("\(path) cannot be read: \(error.localizedDescription)") }
  }
}

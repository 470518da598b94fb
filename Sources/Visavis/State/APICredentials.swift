internal import Foundation
internal import Yams

/// What access tokens are signed with: as configured, else made once and kept in the state folder.
struct APICredentials: Hashable, Sendable {
  let key: String
  let secret: String

  init(settings: Settings.API, folder: StateFolder) throws(StateError) {
    if let key = settings.key, let secret = settings.secret {
      (self.key, self.secret) = (key, secret)
      return
    }
    if access(folder.secrets, F_OK) != 0 { try Self.generate(folder) }
    self = try Self.read(folder)
  }

  private init(key: String, secret: String) { (self.key, self.secret) = (key, secret) }

  private static func read(_ folder: StateFolder) throws(StateError) -> APICredentials {
    let path = folder.secrets
    guard let protection = FileProtection(path: path) else {
      throw StateError("\(path) cannot be read")
    }
    guard !protection.isOpenToOthers else {
      throw StateError(
        "\(path) is open to others; if nobody has seen it: chmod 600 \(path), else remove it, which "
          + "ends all links")
    }
    let file: SettingsFile
    do {
      file = SettingsFile(yaml: try String(contentsOfFile: path, encoding: .utf8), path: path)
    } catch {
      throw StateError("\(path) cannot be read: \(error.localizedDescription)")
    }
    guard file.problems.isEmpty, let key = file.values["api.key"]?.texts.first,
      let secret = file.values["api.secret"]?.texts.first, secret.utf8.count >= 32
    else {
      throw StateError(
        "\(path) does not hold api.key and api.secret; restore it, or remove it, which ends all "
          + "links")
    }
    return APICredentials(key: key, secret: secret)
  }

  /// Written aside and linked into place: whole or not at all, and never over another's.
  private static func generate(_ folder: StateFolder) throws(StateError) {
    var random = SystemRandomNumberGenerator()
    let key = "key-" + letters(10, &random)
    let secret = letters(48, &random)
    let text = """
      # Made by visavis. Whoever has these can make access tokens: keep them as a password.
      # Without this file another pair is made, and links given out so far end.
      api:
        key: "\(key)"
        secret: "\(secret)"

      """
    let draft = folder.secrets + "." + letters(8, &random)
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StateError("\(draft) cannot be made", errno) }
    defer { unlink(draft) }
    let bytes = Array(text.utf8)
    let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
    let number = errno
    close(descriptor)
    guard isWritten else { throw StateError("\(draft) cannot be written", number) }
    guard link(draft, folder.secrets) == 0 || errno == EEXIST else {
      throw StateError("\(folder.secrets) cannot be made", errno)
    }
  }

  /// Five random bits a letter.
  private static func letters(
    _ count: Int, _ random: inout SystemRandomNumberGenerator
  ) -> String {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
    return String((0..<count).map { _ in alphabet[Int(random.next() as UInt64 >> 59)] })
  }
}

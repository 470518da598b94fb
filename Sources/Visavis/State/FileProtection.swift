internal import Foundation

/// Whose a file or folder is and who else may enter it.
struct FileProtection {
  let isFolder: Bool
  let isOurs: Bool
  /// Whether group or others have any permission.
  let isOpenToOthers: Bool

  /// `nil` when it cannot be read. Follows links.
  init?(path: String) {
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved),
      let permissions = attributes[.posixPermissions] as? NSNumber,
      let owner = attributes[.ownerAccountID] as? NSNumber
    else { return nil }
    isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
    isOurs = owner.uint32Value == geteuid()
    isOpenToOthers = permissions.uint16Value & 0o077 != 0
  }
}

import Foundation
import Glibc
import Testing

/// Every write to one open file of this process fails as on a full disk, until `end`.
final class FullDisk {
  private let descriptor: Int32
  private let kept: Int32

  init(for path: String) throws {
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    descriptor = try #require(
      open.compactMap(Int32.init).first {
        let link = "/proc/self/fd/\($0)"
        return (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == path
      })
    kept = dup(descriptor)
    let full = Glibc.open("/dev/full", O_RDWR | O_CLOEXEC)
    try #require(full >= 0 && dup2(full, descriptor) == descriptor)
    close(full)
  }

  func end() {
    dup2(kept, descriptor)
    close(kept)
  }
}

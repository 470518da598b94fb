internal import Foundation
internal import Glibc
internal import Synchronization
internal import Wire

/// What goes on, on the standard error: one line that is written over in a terminal, a line every ten
/// seconds elsewhere.
final class ProgressLine: Sendable {
  private let isQuiet: Bool
  private let isTerminal: Bool
  private let last = Mutex<(width: Int, at: MediaSeconds)>((0, 0))
  typealias MediaSeconds = Int64

  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    isTerminal = isatty(2) == 1
  }

  func show(_ text: String) {
    guard !isQuiet else { return }
    let now = MonotonicClock.now().nanoseconds
    let line = last.withLock { last -> String? in
      if isTerminal {
        let pad = String(repeating: " ", count: max(0, last.width - text.count))
        last.width = text.count
        return "\r" + text + pad
      }
      guard now - last.at >= 10_000_000_000 else { return nil }
      last.at = now
      return text + "\n"
    }
    if let line { write(line) }
  }

  /// A line that stays.
  func note(_ text: String) {
    guard !isQuiet else { return }
    let lead = last.withLock { last -> String in
      let lead = isTerminal && last.width > 0 ? "\r" : ""
      let pad = isTerminal ? String(repeating: " ", count: max(0, last.width - text.count)) : ""
      last.width = 0
      return lead + text + pad
    }
    write(lead + "\n")
  }

  private func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}

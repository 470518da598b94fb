/// Whether a media worker has room for more, judged once a second by how it fares. It closes when it
/// has fared badly of late and opens only when it has fared well for a while, so that it does not
/// flap around the limit.
struct LoadGate: Equatable {
  /// Of so many of the last looks ...
  static let window = 5
  /// ... so many bad ones close it: a single burst or a stall of the machine does not.
  static let badLooks = 3
  /// So many good looks in a row open it.
  static let goodLooks = 5
  /// A good look is that far below the limit.
  static let margin = 0.15

  /// Share of the time at work, 0...1, from which on a look is bad; 1 and more: nothing is.
  let limit: Double
  private(set) var isOpen = true
  private var recent: [Bool] = []
  private var good = 0

  init(limit: Double) { self.limit = limit }

  /// - Parameters:
  ///   - load: share of the time since the last look that the worker was at work, 0...1.
  ///   - lost: datagrams that we could not take or keep since the last look.
  mutating func note(load: Double, lost: UInt64) {
    guard limit < 1 else { return }
    let isBad = load >= limit || lost > 0
    recent.append(isBad)
    if recent.count > Self.window { recent.removeFirst() }
    good = !isBad && load < limit - Self.margin ? good + 1 : 0
    if isOpen {
      isOpen = recent.count(where: { $0 }) < Self.badLooks
    } else if good >= Self.goodLooks {
      isOpen = true
      recent.removeAll(keepingCapacity: true)
    }
  }
}

/// Groups packets into bursts and tells how the gap between two groups changed on the way
/// (draft-ietf-rmcat-gcc-02 sections 5.2 pre-filtering and 5.3 arrival-time model).
///
/// Packets that were sent within 5 ms form a group, and so do those that arrive within 5 ms and faster
/// than they were sent: they waited together somewhere. A group is done when one of the next arrives.
///
/// Deviations: groups are formed over all packets with a number, not over video alone; a packet that
/// was sent before the current group (reordered, late) is left out; a jump of the receiver's clock
/// against ours of more than 3 s, or three groups in a row that arrive before their predecessors,
/// starts anew, as later practice does.
struct InterArrival {
  static let burst: Int64 = 5_000
  static let longestBurst: Int64 = 100_000
  static let clockJump: Int64 = 3_000_000
  static let reorderedLimit = 3

  /// How two groups differ, microseconds.
  struct Delta: Hashable {
    var sent: Int64
    var arrived: Int64
    /// Of the later group's last packet, on the receiver's clock.
    var arrival: Int64
  }

  private struct Group {
    var firstSent: Int64
    var lastSent: Int64
    var firstArrival: Int64
    var lastArrival: Int64
  }

  private var current: Group?
  private var previous: Group?
  private var reordered = 0

  mutating func reset() { self = InterArrival() }

  /// - Parameters: times in microseconds, each on the clock of its side.
  /// - Returns: the change between the two groups before this packet, when it begins a third.
  mutating func add(sent: Int64, arrived: Int64) -> Delta? {
    guard var group = current else {
      current = Group(firstSent: sent, lastSent: sent, firstArrival: arrived, lastArrival: arrived)
      return nil
    }
    guard sent >= group.firstSent else { return nil }
    if belongs(sent, arrived, to: group) {
      group.lastSent = max(group.lastSent, sent)
      group.lastArrival = max(group.lastArrival, arrived)
      current = group
      return nil
    }
    let delta = previous.flatMap { change(from: $0, to: group) }
    if current != nil { previous = group }
    current = Group(firstSent: sent, lastSent: sent, firstArrival: arrived, lastArrival: arrived)
    return delta
  }

  private func belongs(_ sent: Int64, _ arrived: Int64, to group: Group) -> Bool {
    if sent &- group.firstSent <= Self.burst { return true }
    let arrivalStep = arrived &- group.lastArrival
    let propagationStep = arrivalStep &- (sent &- group.lastSent)
    return propagationStep < 0 && arrivalStep <= Self.burst && arrivalStep > -Self.clockJump
      && arrived &- group.firstArrival < Self.longestBurst
  }

  private mutating func change(from a: Group, to b: Group) -> Delta? {
    let sent = b.lastSent &- a.lastSent
    let arrived = b.lastArrival &- a.lastArrival
    let drift = arrived &- sent
    guard drift < Self.clockJump, drift > -Self.clockJump else {
      reset()
      return nil
    }
    guard arrived >= 0 else {
      reordered += 1
      if reordered >= Self.reorderedLimit { reset() }
      return nil
    }
    reordered = 0
    return Delta(sent: sent, arrived: arrived, arrival: b.lastArrival)
  }
}

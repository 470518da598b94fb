/// Lets the tasks of one actor through one at a time and in order, also across their suspensions:
/// a room is written to the record store in the middle of a verb, and no other verb may see it then.
///
/// To be kept and used by an actor.
struct SerialLane {
  static let capacity = 512

  private(set) var isBusy = false
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var head = 0

  var count: Int { waiting.count - head }
  var isFull: Bool { count >= Self.capacity }

  /// True when the caller may go on at once; else it waits by `enqueue`.
  mutating func enter() -> Bool {
    guard isBusy else {
      isBusy = true
      return true
    }
    return false
  }

  mutating func enqueue(_ continuation: CheckedContinuation<Void, Never>) {
    waiting.append(continuation)
  }

  /// The lane goes to the next one in line.
  mutating func leave() {
    guard head < waiting.count else {
      isBusy = false
      return
    }
    let next = waiting[head]
    head += 1
    if head == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      head = 0
    }
    next.resume()
  }
}

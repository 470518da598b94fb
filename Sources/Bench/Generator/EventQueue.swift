/// What is due when: a binary heap. Equal times leave in any order.
struct EventQueue<Event> {
  private var heap: [(due: Int64, event: Event)] = []

  var count: Int { heap.count }
  /// Nanoseconds of the monotonic clock.
  var nextDue: Int64? { heap.first?.due }

  mutating func add(_ event: Event, at due: Int64) {
    heap.append((due, event))
    var i = heap.count - 1
    while i > 0 {
      let parent = (i - 1) / 2
      guard heap[i].due < heap[parent].due else { break }
      heap.swapAt(i, parent)
      i = parent
    }
  }

  /// The first one that is due, removed.
  mutating func take(until now: Int64) -> (due: Int64, event: Event)? {
    guard let first = heap.first, first.due <= now else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return first
  }

  private mutating func sink() {
    var i = 0
    while true {
      let left = 2 * i + 1
      guard left < heap.count else { return }
      let right = left + 1
      let child = right < heap.count && heap[right].due < heap[left].due ? right : left
      guard heap[child].due < heap[i].due else { return }
      heap.swapAt(i, child)
      i = child
    }
  }
}

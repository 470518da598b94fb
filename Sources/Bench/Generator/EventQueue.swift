/// What is due when: a heap of four children each. Equal times leave in any order.
struct EventQueue<Event: BitwiseCopyable>: ~Copyable {
  private struct Entry {
    var due: Int64
    var event: Event
  }

  private var entries: UnsafeMutablePointer<Entry>
  private var capacity: Int
  private(set) var count = 0

  init() {
    capacity = 1024
    entries = .allocate(capacity: capacity)
  }

  deinit { entries.deallocate() }

  /// Nanoseconds of the monotonic clock.
  var nextDue: Int64? { count == 0 ? nil : entries.pointee.due }

  /// What is due first.
  var next: Event? { count == 0 ? nil : entries.pointee.event }

  mutating func add(_ event: Event, at due: Int64) {
    if count == capacity { grow() }
    // The hole rises until what is above it is due before.
    var hole = count
    count &+= 1
    while hole > 0 {
      let parent = (hole &- 1) >> 2
      guard due < entries[parent].due else { break }
      entries[hole] = entries[parent]
      hole = parent
    }
    entries[hole] = Entry(due: due, event: event)
  }

  /// The first one that is due, removed.
  mutating func take(until now: Int64) -> (due: Int64, event: Event)? {
    guard count > 0, entries.pointee.due <= now else { return nil }
    let first = entries[0]
    count &-= 1
    if count > 0 { sink(entries[count]) }
    return (first.due, first.event)
  }

  /// Fills the hole at the top.
  private func sink(_ entry: Entry) {
    var hole = 0
    while true {
      let first = hole &* 4 &+ 1
      guard first < count else { break }
      var least = first
      for child in first &+ 1..<min(first &+ 4, count) where entries[child].due < entries[least].due
      {
        least = child
      }
      guard entries[least].due < entry.due else { break }
      entries[hole] = entries[least]
      hole = least
    }
    entries[hole] = entry
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: entries, count: count)
    entries.deallocate()
    entries = larger
    capacity *= 2
  }
}

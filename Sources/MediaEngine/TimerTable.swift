internal import Wire

/// One deadline for each key of 0..<capacity, the earliest first: a binary heap that knows where each
/// key stands. No allocation after `init`.
struct TimerTable: ~Copyable {
  private struct Timer {
    var deadline: MediaInstant
    var key: Int32
  }

  let capacity: Int
  private let heap: UnsafeMutablePointer<Timer>
  /// By key: its place in the heap, -1 without a deadline.
  private let places: UnsafeMutablePointer<Int32>
  private(set) var count = 0

  init(capacity: Int) {
    precondition(capacity > 0 && capacity <= Int(Int32.max))
    self.capacity = capacity
    heap = .allocate(capacity: capacity)
    places = .allocate(capacity: capacity)
    places.initialize(repeating: -1, count: capacity)
  }

  deinit {
    heap.deallocate()
    places.deallocate()
  }

  /// The earliest deadline.
  var next: MediaInstant? { count > 0 ? heap[0].deadline : nil }

  func deadline(of key: Int) -> MediaInstant? {
    let place = Int(places[key])
    return place >= 0 ? heap[place].deadline : nil
  }

  mutating func set(_ key: Int, _ deadline: MediaInstant?) {
    let place = Int(places[key])
    guard let deadline else {
      if place >= 0 { remove(at: place) }
      return
    }
    if place < 0 {
      put(Timer(deadline: deadline, key: Int32(truncatingIfNeeded: key)), at: count)
      count &+= 1
      rise(count &- 1)
      return
    }
    let old = heap[place].deadline
    guard old != deadline else { return }
    heap[place].deadline = deadline
    if deadline < old { rise(place) } else { sink(place) }
  }

  /// Sets the deadline unless there is an earlier one.
  mutating func hasten(_ key: Int, _ deadline: MediaInstant?) {
    guard let deadline else { return }
    let place = Int(places[key])
    if place >= 0, heap[place].deadline <= deadline { return }
    set(key, deadline)
  }

  /// Takes out the earliest key when its deadline has come.
  mutating func popExpired(now: MediaInstant) -> Int? {
    guard count > 0, heap[0].deadline <= now else { return nil }
    let key = Int(heap[0].key)
    remove(at: 0)
    return key
  }

  private mutating func remove(at place: Int) {
    places[Int(heap[place].key)] = -1
    count &-= 1
    guard place < count else { return }
    put(heap[count], at: place)
    rise(place)
    sink(place)
  }

  private func put(_ timer: Timer, at place: Int) {
    (heap + place).initialize(to: timer)
    places[Int(timer.key)] = Int32(truncatingIfNeeded: place)
  }

  private func rise(_ start: Int) {
    var place = start
    let timer = heap[place]
    while place > 0 {
      let parent = (place &- 1) >> 1
      guard timer.deadline < heap[parent].deadline else { break }
      put(heap[parent], at: place)
      place = parent
    }
    put(timer, at: place)
  }

  private func sink(_ start: Int) {
    var place = start
    let timer = heap[place]
    while true {
      var child = place &* 2 &+ 1
      guard child < count else { break }
      if child &+ 1 < count, heap[child &+ 1].deadline < heap[child].deadline { child &+= 1 }
      guard heap[child].deadline < timer.deadline else { break }
      put(heap[child], at: place)
      place = child
    }
    put(timer, at: place)
  }
}

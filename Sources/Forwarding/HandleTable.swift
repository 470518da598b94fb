/// A bounded table of structs at fixed places: a handle is a place and a generation, so that a
/// stale one finds nothing.
struct HandleTable<Element: ~Copyable>: ~Copyable {
  let capacity: Int
  private let elements: UnsafeMutablePointer<Element>
  /// Odd: in use.
  private let generations: UnsafeMutablePointer<UInt32>
  private let free: UnsafeMutablePointer<Int32>
  private var freeCount: Int

  init(capacity: Int) {
    precondition(capacity > 0 && capacity <= Int(Int32.max))
    self.capacity = capacity
    elements = .allocate(capacity: capacity)
    generations = .allocate(capacity: capacity)
    generations.initialize(repeating: 0, count: capacity)
    free = .allocate(capacity: capacity)
    for i in 0..<capacity { free[i] = Int32(truncatingIfNeeded: capacity - 1 - i) }
    freeCount = capacity
  }

  deinit {
    for i in 0..<capacity where generations[i] & 1 == 1 {
      (elements + i).deinitialize(count: 1)
    }
    elements.deallocate()
    generations.deallocate()
    free.deallocate()
  }

  var count: Int { capacity - freeCount }

  /// `nil` when the table is full.
  mutating func insert(_ element: consuming Element) -> (index: Int32, generation: UInt32)? {
    guard freeCount > 0 else { return nil }
    freeCount &-= 1
    let index = free[freeCount]
    (elements + Int(index)).initialize(to: element)
    generations[Int(index)] &+= 1
    return (index, generations[Int(index)])
  }

  /// Valid until the element is removed.
  func pointer(_ index: Int32, _ generation: UInt32) -> UnsafeMutablePointer<Element>? {
    guard index >= 0, Int(index) < capacity, generations[Int(index)] == generation,
      generation & 1 == 1
    else { return nil }
    return elements + Int(index)
  }

  /// Where an element is or would be.
  func place(of index: Int32) -> UnsafeRawPointer? {
    guard index >= 0, Int(index) < capacity else { return nil }
    return UnsafeRawPointer(elements + Int(index))
  }

  mutating func remove(_ index: Int32, _ generation: UInt32) -> Bool {
    guard let element = pointer(index, generation) else { return false }
    element.deinitialize(count: 1)
    generations[Int(index)] &+= 1
    free[freeCount] = index
    freeCount &+= 1
    return true
  }
}

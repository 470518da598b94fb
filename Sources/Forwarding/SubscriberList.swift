internal import CPrefetch

/// The subscriptions of a publication, in memory of its own: walked once per packet.
struct SubscriberList: ~Copyable {
  let capacity: Int
  /// The count in front, so that it comes with the first handles.
  private let used: UnsafeMutablePointer<Int>
  private let handles: UnsafeMutablePointer<SubscriptionHandle>

  init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<Int>.stride + capacity * MemoryLayout<SubscriptionHandle>.stride,
      alignment: 64)
    used = bytes.bindMemory(to: Int.self, capacity: 1)
    handles = (bytes + MemoryLayout<Int>.stride).bindMemory(
      to: SubscriptionHandle.self, capacity: capacity)
    used.initialize(to: 0)
  }

  deinit { used.deallocate() }

  var count: Int { used.pointee }
  var isEmpty: Bool { used.pointee == 0 }
  subscript(i: Int) -> SubscriptionHandle { handles[i] }

  /// `false` when the list is full.
  func append(_ handle: SubscriptionHandle) -> Bool {
    guard used.pointee < capacity else { return false }
    (handles + used.pointee).initialize(to: handle)
    used.pointee &+= 1
    return true
  }

  func remove(_ handle: SubscriptionHandle) {
    guard let i = (0..<used.pointee).first(where: { handles[$0] == handle }) else { return }
    used.pointee &-= 1
    handles[i] = handles[used.pointee]
  }

  func prefetch() { CPrefetch.prefetch(used) }
}

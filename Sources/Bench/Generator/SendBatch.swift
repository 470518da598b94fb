internal import CDatagram
internal import Wire

/// Packets of one endpoint that leave together.
final class SendBatch {
  static let capacity = 64
  static let slotCapacity = 1664

  private let bytes = UnsafeMutableRawPointer.allocate(
    byteCount: SendBatch.capacity * SendBatch.slotCapacity, alignment: 64)
  let items = UnsafeMutablePointer<flow_datagram>.allocate(capacity: SendBatch.capacity)
  private(set) var count = 0

  init() {
    // What fills the packets behind their stamps.
    var random = SeededRandom(seed: 8)
    for i in stride(from: 0, to: Self.capacity * Self.slotCapacity, by: 8) {
      bytes.storeBytes(of: random.next(), toByteOffset: i, as: UInt64.self)
    }
  }

  deinit {
    bytes.deallocate()
    items.deallocate()
  }

  var isFull: Bool { count == Self.capacity }

  /// Where the next packet is written; not full.
  var next: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      start: bytes + count &* Self.slotCapacity, count: Self.slotCapacity)
  }

  func commit(length: Int) {
    items[count] = flow_datagram(
      bytes: bytes + count &* Self.slotCapacity, length: UInt32(truncatingIfNeeded: length),
      arrival: 0)
    count &+= 1
  }

  func removeAll() { count = 0 }
}

internal import CDatagram
internal import Wire

/// One TCP connection of a peer. Besides what the kernel holds it keeps the beginning of one frame
/// that came and the end of one that was sent: what a slow peer does not read is dropped.
final class ICETCPConnection {
  /// The longest frame and its length.
  static let frameOctets = StreamFraming.headerLength + PacketArena.slotCapacity

  enum ReadOutcome: Equatable {
    /// So many octets are there now, what was kept before among them.
    case octets(Int)
    case nothing
    case ended
  }

  struct Written: Equatable {
    var sent = 0
    var dropped = 0
  }

  let path: NetworkPath
  /// In the poller.
  let number: UInt32
  let accepted: MediaInstant
  /// Whether the worker has heard an authenticated check over it.
  var isAuthenticated = false
  /// Frames that came before that.
  var strayFrames = 0
  /// Whether the poller tells when there is room for output.
  var awaitsRoom = false
  /// The rest of a frame, of which the kernel took only a part, has to go before anything else may.
  var isStuck: Bool { tailCount > 0 }
  private(set) var descriptor: Int32

  private let head: UnsafeMutableRawPointer
  private var headCount = 0
  private let tail: UnsafeMutableRawPointer
  private var tailCount = 0

  init(_ accepted: ICETCPListener.Accepted, number: UInt32, now: MediaInstant) {
    descriptor = accepted.descriptor
    path = accepted.path
    self.number = number
    self.accepted = now
    head = .allocate(byteCount: Self.frameOctets * 2, alignment: 8)
    tail = head + Self.frameOctets
  }

  deinit {
    close()
    head.deallocate()
  }

  var isOpen: Bool { descriptor >= 0 }

  func close() {
    datagram_descriptor_close(descriptor)
    descriptor = -1
  }

  // MARK: Input

  /// Puts what was kept and what waits into `buffer`, which has room for more than a frame.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
    guard isOpen, let base = buffer.baseAddress, buffer.count > headCount else { return .ended }
    base.copyMemory(from: head, byteCount: headCount)
    let count = stream_read(descriptor, base + headCount, UInt64(buffer.count &- headCount))
    guard count >= 0 else { return .ended }
    return count == 0 ? .nothing : .octets(headCount &+ Int(count))
  }

  /// Keeps the octets after the last whole frame, fewer than `frameOctets`.
  func keep(_ rest: UnsafeRawBufferPointer) {
    headCount = min(rest.count, Self.frameOctets)
    if let base = rest.baseAddress { head.copyMemory(from: base, byteCount: headCount) }
  }

  // MARK: Output

  /// Sends whole frames without blocking. Of those that the kernel does not take now the first one is
  /// finished later if it was begun, the others are dropped. `nil`: the connection has ended.
  func write(_ frames: UnsafeRawBufferPointer) -> Written? {
    guard isOpen, writeTail() else { return nil }
    var taken = 0
    if !isStuck {
      let count = stream_write(descriptor, frames.baseAddress, UInt64(frames.count))
      guard count >= 0 else { return nil }
      taken = Int(count)
    }
    var written = Written()
    var at = 0
    while at &+ StreamFraming.headerLength <= frames.count {
      let end = at &+ StreamFraming.headerLength &+ Int(frames.networkUInt16(at: at))
      if end <= taken {
        written.sent &+= 1
      } else if at < taken {
        let rest = UnsafeRawBufferPointer(rebasing: frames[taken..<min(end, frames.count)])
        tailCount = min(rest.count, Self.frameOctets)
        if let base = rest.baseAddress { tail.copyMemory(from: base, byteCount: tailCount) }
        written.sent &+= 1
      } else {
        written.dropped &+= 1
      }
      at = end
    }
    return written
  }

  /// Sends the rest of a frame that was begun. `false`: the connection has ended.
  func writeTail() -> Bool {
    guard tailCount > 0 else { return true }
    let count = Int(stream_write(descriptor, tail, UInt64(tailCount)))
    guard count >= 0 else { return false }
    tailCount &-= count
    if tailCount > 0, count > 0 {
      // The places overlap.
      UnsafeMutableRawBufferPointer(start: tail, count: tailCount).copyBytes(
        from: UnsafeRawBufferPointer(start: tail + count, count: tailCount))
    }
    return true
  }
}

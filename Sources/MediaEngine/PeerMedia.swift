internal import CPrefetch
internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// What of a peer every packet needs, from it or to it. Without references to count, and close
/// together: with hundreds of peers a packet finds little of its own in the processor's caches.
struct PeerMedia: ~Copyable {
  let transport: MediaTransport
  /// Header extensions on what it sends: BUNDLE gives an id one meaning (RFC 9143 section 9.1).
  var extensions = HeaderExtensionMap()
  /// Numbers what we send.
  var sequencer: TransportSequencer
  var sources: SourceTable
  /// Set once a publication negotiated transport-wide feedback.
  var transportWideCC: TransportWideCC?
  /// Of peers that view video; in memory of its own.
  var downlink: UnsafeMutablePointer<Downlink>?

  init(_ transport: MediaTransport, sequencer: TransportSequencer, sourceCapacity: Int) {
    self.transport = transport
    self.sequencer = sequencer
    sources = SourceTable(capacity: sourceCapacity)
  }

  /// Gives back what waits; the arena must still be alive.
  func release(into arena: PacketArena) {
    downlink?.pointee.pacer.removeAll { arena.release($0.slot) }
  }

  deinit {
    downlink?.deinitialize(count: 1)
    downlink?.deallocate()
  }
}

/// The `PeerMedia` of all peers of a worker, by place.
struct PeerMediaTable: ~Copyable {
  private let capacity: Int
  private let elements: UnsafeMutablePointer<PeerMedia>
  private let isPresent: UnsafeMutablePointer<Bool>
  private let arena: PacketArena

  init(capacity: Int, arena: PacketArena) {
    self.capacity = capacity
    self.arena = arena
    elements = .allocate(capacity: capacity)
    isPresent = .allocate(capacity: capacity)
    isPresent.initialize(repeating: false, count: capacity)
  }

  deinit {
    for place in 0..<capacity where isPresent[place] {
      elements[place].release(into: arena)
      (elements + place).deinitialize(count: 1)
    }
    elements.deallocate()
    isPresent.deallocate()
  }

  /// - Precondition: nothing is at this place.
  /// - Returns: where it is until `remove`.
  func insert(
    _ media: consuming PeerMedia, at place: Int32
  ) -> UnsafeMutablePointer<PeerMedia> {
    let element = elements + Int(place)
    element.initialize(to: media)
    isPresent[Int(place)] = true
    return element
  }

  func remove(at place: Int32) {
    guard pointer(at: place) != nil else { return }
    isPresent[Int(place)] = false
    elements[Int(place)].release(into: arena)
    (elements + Int(place)).deinitialize(count: 1)
  }

  func pointer(at place: Int32) -> UnsafeMutablePointer<PeerMedia>? {
    guard place >= 0, Int(place) < capacity, isPresent[Int(place)] else { return nil }
    return elements + Int(place)
  }

  /// Says that a packet from the peer or to it is about to be worked on.
  func prefetch(at place: Int32) {
    let start = UnsafeRawPointer(elements + Int(place))
    for offset in stride(from: 0, to: MemoryLayout<PeerMedia>.size, by: 64) {
      CPrefetch.prefetch(start + offset)
    }
  }
}

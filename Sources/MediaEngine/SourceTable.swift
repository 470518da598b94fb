internal import CPrefetch
internal import Forwarding
internal import Wire

/// Which publication of a peer an SSRC belongs to. Small and bounded: a walk over a few entries per
/// packet, no allocation after `init`.
struct SourceTable: ~Copyable {
  enum Role: Equatable {
    case media
    /// RFC 4588.
    case retransmission
    /// A retransmission stream of a source that the publication has left.
    case obsolete
  }

  struct Source {
    var ssrc: SSRC
    var publication: PublicationHandle
    var role: Role
    /// By signaling, not learned from packets.
    var isDeclared: Bool
    var lastPacket: MediaInstant
  }

  let capacity: Int
  private let sources: UnsafeMutablePointer<Source>
  private(set) var count = 0

  init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
    sources = .allocate(capacity: capacity)
  }

  deinit { sources.deallocate() }

  /// Finds a source and notes that a packet came from it.
  func find(_ ssrc: SSRC, now: MediaInstant) -> Source? {
    for i in 0..<count where sources[i].ssrc == ssrc {
      sources[i].lastPacket = now
      return sources[i]
    }
    return nil
  }

  /// The same without noting anything.
  func publication(of ssrc: SSRC) -> PublicationHandle? {
    for i in 0..<count where sources[i].ssrc == ssrc { return sources[i].publication }
    return nil
  }

  func prefetch() {
    let start = UnsafeRawPointer(sources)
    for offset in stride(from: 0, to: 256, by: 64) { CPrefetch.prefetch(start + offset) }
  }

  func lastPacket(of ssrc: SSRC) -> MediaInstant? {
    for i in 0..<count where sources[i].ssrc == ssrc { return sources[i].lastPacket }
    return nil
  }

  /// Adds a source, or changes what is known of it. When the table is full, the learned source that has
  /// been silent for longest makes room.
  /// - Returns: `false` when all are declared.
  mutating func insert(_ source: Source) -> Bool {
    for i in 0..<count where sources[i].ssrc == source.ssrc {
      sources[i] = source
      return true
    }
    if count == capacity {
      let learned = (0..<count).filter { !sources[$0].isDeclared }
      guard let oldest = learned.min(by: { sources[$0].lastPacket < sources[$1].lastPacket }) else {
        return false
      }
      remove(at: oldest)
    }
    (sources + count).initialize(to: source)
    count &+= 1
    return true
  }

  /// The publication has another source now: learned retransmission streams are of the old one.
  mutating func retireRetransmissions(of publication: PublicationHandle) {
    for i in 0..<count
    where sources[i].publication == publication && sources[i].role == .retransmission
      && !sources[i].isDeclared
    {
      sources[i].role = .obsolete
    }
  }

  /// - Returns: those of a publication.
  func all(of publication: PublicationHandle) -> [Source] {
    (0..<count).map { sources[$0] }.filter { $0.publication == publication }
  }

  mutating func removeAll(of publication: PublicationHandle) {
    var i = 0
    while i < count {
      if sources[i].publication == publication { remove(at: i) } else { i &+= 1 }
    }
  }

  private mutating func remove(at i: Int) {
    count &-= 1
    sources[i] = sources[count]
  }
}

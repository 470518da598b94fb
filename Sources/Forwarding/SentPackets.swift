internal import Wire

/// Which packet of which publication went out under which sequence number, and how it was
/// rewritten: the way back from a viewer's NACK to the history. It survives every change of the
/// rewriting, since it holds results, not rules.
///
/// A ring that begins small, takes no memory before the first packet, and grows to what the packet
/// rate asks for, at most to its capacity.
struct SentPackets: ~Copyable {
  /// 48 octets.
  struct Record {
    /// In the publication's history.
    var index: Int64
    var sent: MediaInstant
    /// `sequence` is the unwrapped sequence number towards the viewer.
    var rewritten: RewrittenFields
    /// Which of the viewer's payload bindings.
    var payload: UInt8
    /// Times sent again, and the microseconds after the first when that was last.
    var resendCount: UInt8 = 0
    fileprivate var resentAfter: UInt32 = 0
    /// Empty, in place of a packet that was left out: the history has nothing for it.
    var isFiller: Bool
    /// Sent after newer ones: the viewer saw the hole, and a question about it may be on its way.
    var isLate: Bool
    var publication: PublicationHandle

    init(
      _ rewritten: RewrittenFields, publication: PublicationHandle, index: Int64,
      sent: MediaInstant, payload: UInt8, isFiller: Bool, isLate: Bool
    ) {
      self.rewritten = rewritten
      self.publication = publication
      self.index = index
      self.sent = sent
      self.payload = payload
      self.isFiller = isFiller
      self.isLate = isLate
    }

    var sequence: Int64 { rewritten.sequence }
    var resent: MediaInstant { sent + .microseconds(Int64(resentAfter)) }
  }

  static let initialSize = 16

  let capacity: Int
  private var records: UnsafeMutablePointer<Record?>?
  /// Packets that the ring has room for now.
  private(set) var size = 0

  /// - Parameter capacity: packets; a power of two.
  init(capacity: Int) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0)
    self.capacity = capacity
  }

  deinit { records?.deallocate() }

  /// - Parameter memory: packets younger than this should not be forgotten.
  mutating func insert(_ record: Record, memory: MediaDuration) {
    if size < capacity { growIfNeeded(for: record, memory) }
    guard let records else { return }
    let place = records + place(record.sequence)
    // A packet that comes later than the ring is long must not push out a newer one.
    if let old = place.pointee, old.sequence > record.sequence { return }
    place.pointee = record
  }

  func record(of sequence: Int64) -> Record? {
    guard let record = records?[place(sequence)], record.sequence == sequence else { return nil }
    return record
  }

  mutating func noteResent(_ sequence: Int64, now: MediaInstant) {
    guard let place = records.map({ $0 + place(sequence) }),
      let old = place.pointee, old.sequence == sequence
    else { return }
    place.pointee?.resentAfter = UInt32(
      clamping: (now - old.sent).nanoseconds / 1000)
    place.pointee?.resendCount &+= 1
  }

  @inline(__always)
  private mutating func growIfNeeded(for record: Record, _ memory: MediaDuration) {
    if let records {
      guard let displaced = records[place(record.sequence)],
        displaced.sequence < record.sequence, record.sent - displaced.sent < memory
      else { return }
    }
    grow()
  }

  @inline(never)
  private mutating func grow() {
    let old = records
    let oldSize = size
    size = min(max(size * 2, Self.initialSize), capacity)
    let larger = UnsafeMutablePointer<Record?>.allocate(capacity: size)
    larger.initialize(repeating: nil, count: size)
    records = larger
    guard let old else { return }
    for i in 0..<oldSize {
      if let record = old[i] { larger[place(record.sequence)] = record }
    }
    old.deallocate()
  }

  func placeOfRecord(_ sequence: Int64) -> UnsafeRawPointer? {
    records.map { UnsafeRawPointer($0 + place(sequence)) }
  }

  private func place(_ sequence: Int64) -> Int {
    Int(truncatingIfNeeded: sequence) & (size &- 1)
  }
}

internal import Wire

/// Which packet of which publication went out under which sequence number, and how it was
/// rewritten: the way back from a viewer's NACK to the history. It survives every change of the
/// rewriting, since it holds results, not rules.
struct SentPackets: ~Copyable {
  struct Record {
    /// The unwrapped sequence number towards the viewer.
    var sequence: Int64
    var publication: PublicationHandle
    /// In the publication's history.
    var index: Int64
    var sent: MediaInstant
    var resent: MediaInstant
    var rewritten: RewrittenFields
    /// Which of the viewer's payload bindings.
    var payload: UInt8
    /// Empty, in place of a packet that was left out: the history has nothing for it.
    var isFiller: Bool
    var resendCount: UInt8 = 0
  }

  let capacity: Int
  private let records: UnsafeMutablePointer<Record?>

  /// - Parameter capacity: packets; a power of two.
  init(capacity: Int) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0)
    self.capacity = capacity
    records = .allocate(capacity: capacity)
    records.initialize(repeating: nil, count: capacity)
  }

  deinit {
    records.deinitialize(count: capacity)
    records.deallocate()
  }

  mutating func insert(_ record: Record) {
    let place = records + place(record.sequence)
    // A packet that comes later than the ring is long must not push out a newer one.
    if let old = place.pointee, old.sequence > record.sequence { return }
    place.pointee = record
  }

  func record(of sequence: Int64) -> Record? {
    guard let record = records[place(sequence)], record.sequence == sequence else { return nil }
    return record
  }

  mutating func noteResent(_ sequence: Int64, now: MediaInstant) {
    let place = records + place(sequence)
    guard place.pointee?.sequence == sequence else { return }
    place.pointee?.resent = now
    place.pointee?.resendCount &+= 1
  }

  private func place(_ sequence: Int64) -> Int {
    Int(truncatingIfNeeded: sequence) & (capacity &- 1)
  }
}

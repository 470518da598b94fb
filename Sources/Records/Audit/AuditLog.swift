public import Consultation
internal import Dispatch
internal import Foundation

/// The log of everything that happened in consultations, in which a change shows: a Merkle tree over
/// canonical entries (RFC 9162, RFC 8785) with signed checkpoints (C2SP tlog-checkpoint).
///
/// An event is on the disk when `append` returns; those that come together share one synchronisation. A
/// checkpoint follows each end of a consultation at once, everything else within the interval
/// at which its owner calls `checkpoint()`.
public actor AuditLog {
  private let executor = AuditExecutor()
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }

  private let folder: AuditFolder
  nonisolated let origin: String
  /// Of the changes that the log told when it was opened.
  nonisolated let highestChange: Int64
  /// The newest that was signed since the start, a signed note.
  private(set) var newestCheckpoint: String?
  private let key: AuditKey
  private let entries: AuditFile
  private let leaves: AuditFile
  private let checkpoints: AuditFile
  private var frontier: MerkleFrontier
  private var sessions: [String: MerkleHash]
  private var signedSize: Int
  private var batch = Batch()

  /// What waits for the disk.
  private struct Batch {
    var bytes: [UInt8] = []
    var hashes: [MerkleHash] = []
    var waiting: [CheckedContinuation<Void, any Error>] = []
    /// What to put back if it cannot be written.
    var before: MerkleFrontier?
    var sessionsBefore: [(session: String, last: MerkleHash?)] = []
    var endsSession = false
  }

  /// Opens the log, or makes a new one. A line that a crash tore is cut, unless a checkpoint says
  /// that it was whole.
  ///
  /// - Parameter origin: what a new log is called, best a host and a path; `nil` makes a name.
  /// - Throws: `AuditError.tampered` when what is kept is not what was signed: nothing is written then.
  public init(_ folder: AuditFolder, origin: String? = nil) throws(AuditError) {
    self.folder = folder
    (self.origin, key) = try folder.prepare(origin: origin)
    let found = try AuditExamination(folder, publicKey: key.publicKey, isThorough: false)
    entries = try AuditFile(path: folder.entries)
    leaves = try AuditFile(path: folder.leaves)
    checkpoints = try AuditFile(path: folder.checkpoints)
    if entries.length > found.entryOctets { try entries.cut(to: found.entryOctets) }
    if checkpoints.length > found.checkpointOctets {
      try checkpoints.cut(to: found.checkpointOctets)
    }
    try leaves.cut(to: found.storedLeaves * MerkleHash.length)
    try leaves.append(found.leaves[found.storedLeaves...].flatMap(\.bytes), isDurable: false)
    highestChange = found.highestChange
    frontier = found.frontier
    sessions = found.sessions
    signedSize = found.covered
  }

  public var size: Int { frontier.size }
  /// What witnesses and those who check receipts must know.
  public nonisolated var publicKey: AuditPublicKey { key.publicKey }

  /// Returns when the events are on the disk, in this order and without others between them.
  public func append(_ events: [AuditEvent], at now: WallClock) async throws(AuditError) {
    guard !events.isEmpty else { return }
    if batch.before == nil {
      batch.before = frontier
      Task { self.flush() }
    }
    for event in events { add(event, at: now) }
    do {
      try await withCheckedThrowingContinuation { batch.waiting.append($0) }
    } catch {
      throw error as? AuditError ?? .storage("\(error)")
    }
  }

  private func add(_ event: AuditEvent, at now: WallClock) {
    let session = event.session?.rawValue
    let previous = session.flatMap { sessions[$0] }
    let bytes = event.entry(sequence: frontier.size, previous: previous, at: now).bytes
    let leaf = MerkleHash.leaf(bytes)
    frontier.append(leaf)
    batch.bytes += bytes
    batch.bytes.append(UInt8(ascii: "\n"))
    batch.hashes.append(leaf)
    guard let session else { return }
    batch.sessionsBefore.append((session, previous))
    let isLast = event.kind == .roomClosed
    sessions[session] = isLast ? nil : leaf
    if isLast { batch.endsSession = true }
  }

  private func flush() {
    let taken = batch
    batch = Batch()
    do throws(AuditError) {
      try entries.append(taken.bytes, isDurable: true)
    } catch {
      if let before = taken.before { frontier = before }
      for (session, last) in taken.sessionsBefore.reversed() { sessions[session] = last }
      for waiting in taken.waiting { waiting.resume(throwing: error) }
      return
    }
    // Made again from the entries at the next start if this is lost.
    try? leaves.append(taken.hashes.flatMap(\.bytes), isDurable: false)
    for waiting in taken.waiting { waiting.resume() }
    if taken.endsSession { _ = try? checkpoint() }
  }

  /// Signs what is there, unless it is signed already.
  /// - Returns: the newest checkpoint, as a signed note; `nil` of an empty log.
  @discardableResult
  public func checkpoint() throws(AuditError) -> String? {
    // Only what is on the disk.
    let kept = batch.before ?? frontier
    guard kept.size > signedSize else { return nil }
    let note = try Checkpoint(origin: origin, size: kept.size, root: kept.root).signed(by: key)
    try checkpoints.append(AuditExamination.line(note), isDurable: true)
    signedSize = kept.size
    newestCheckpoint = note
    return note
  }

  /// The numbers of changes that the entries tell, from one number on.
  func changes(from first: Int64) throws(AuditError) -> Set<Int64> {
    var found: Set<Int64> = []
    for line in try AuditFile.contents(folder.entries).split(separator: UInt8(ascii: "\n")) {
      if let change = AuditExamination.number(of: "change", in: line), change >= first {
        found.insert(change)
      }
    }
    return found
  }

  /// What proves a consultation's entries to whoever has the public key.
  public func receipt(for session: ConsultationID) throws(AuditError) -> AuditReceipt {
    try checkpoint()
    return try AuditReceipt(session, in: folder)
  }
}

/// The disk is waited for on a thread of its own, not on those that all tasks share.
private final class AuditExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "visavis.audit")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}

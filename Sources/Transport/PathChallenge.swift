internal import Wire

/// A question to an address that authentic media came from and no check: whether the peer is there. Only
/// who has its password can answer, so that a forged or repeated source address moves nothing.
///
/// A NAT that gives a browser another address is followed by this in one round trip; its own next check
/// may be seconds away. An agent that is lite need not ask (RFC 8445 section 2.5), but what it asks is a
/// check like any other (RFC 7675 section 5.1), which every full agent answers.
struct PathChallenge: Equatable {
  /// Until it is repeated for the first time; then twice that, and so on up to `longestWait`.
  static let firstWait = MediaDuration.milliseconds(50)
  static let longestWait = MediaDuration.seconds(1)
  /// Another address has to wait for so long.
  static let hold = MediaDuration.milliseconds(200)

  let path: NetworkPath
  /// Repeated with the question: an answer to any of them will do.
  let transaction: STUNTransactionID
  private(set) var sent: MediaInstant
  private var wait = firstWait

  init(path: NetworkPath, now: MediaInstant) {
    var random = SecretRandom()
    self.path = path
    transaction = STUNTransactionID(
      high: random.next(), low: UInt32(truncatingIfNeeded: random.next()))
    sent = now
  }

  /// Whether it is time to ask again.
  mutating func isDue(now: MediaInstant) -> Bool {
    guard now - sent >= wait else { return false }
    sent = now
    wait = min(wait + wait, Self.longestWait)
    return true
  }
}

extension ICELiteAgent {
  /// RFC 8445 section 5.1.2.1: of a peer-reflexive candidate. Nobody looks at it: we nominate nothing.
  private static let priority: UInt32 = 0x6E00_01FF

  /// Writes a check to where media came from.
  /// - Returns: its length; `nil` while another is under way, or when the buffer is too small.
  mutating func challenge(
    _ path: NetworkPath, now: MediaInstant, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    if challenge?.path == path {
      guard challenge?.isDue(now: now) == true else { return nil }
    } else {
      if let challenge, now - challenge.sent < PathChallenge.hold { return nil }
      challenge = PathChallenge(path: path, now: now)
    }
    guard let challenge else { return nil }
    let (local, remote) = checking
    var writer = STUNWriter(into: buffer, class: .request, transactionID: challenge.transaction)
    writer.append(.username, text: "\(remote.usernameFragment):\(local.usernameFragment)")
    // The other side controls, whatever this number is.
    writer.append(.iceControlled, uint64: 0)
    writer.append(.priority, uint32: Self.priority)
    return writer.finish(key: STUNKey(password: remote.password))
  }

  /// Takes a success response. It counts when it answers our question, from where we asked.
  mutating func receive(
    answer message: STUNMessage, path: NetworkPath, now: MediaInstant,
    changes: (PeerTransportEvent) -> Void
  ) -> CheckOutcome {
    guard let challenge, challenge.path == path, message.transactionID == challenge.transaction
    else {
      return .refused(.stunUnexpected)
    }
    guard message.isAuthentic(STUNKey(password: checking.remote.password)) else {
      return .refused(.stunUnauthenticated)
    }
    self.challenge = nil
    noteConsent(on: path, now: now, changes: changes)
    // Media came from there, and from nowhere else since.
    select(path)
    return .confirmed
  }
}

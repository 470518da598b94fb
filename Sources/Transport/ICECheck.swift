internal import Wire

extension ICELiteAgent {
  /// What became of a STUN message.
  enum CheckOutcome: Equatable {
    /// An authenticated check; the success response of this length is in the buffer. 0: it did not
    /// fit.
    case answered(Int)
    /// Authenticated, but answered with an error.
    case rejected(Int)
    /// Nothing to answer and nothing wrong: an indication that keeps a NAT open (RFC 8445
    /// section 11).
    case ignored
    /// The peer has answered a check of ours.
    case confirmed
    case refused(TransportRefusal)
  }

  /// Takes a STUN message and writes the answer. What is not authentic is never answered: whoever
  /// forges a source address gets nothing out of us.
  mutating func receive(
    _ datagram: UnsafeRawBufferPointer, path: NetworkPath, now: MediaInstant,
    answer: UnsafeMutableRawBufferPointer, changes: (PeerTransportEvent) -> Void
  ) -> CheckOutcome {
    guard let message = STUNMessage(datagram) else { return .refused(.stunMalformed) }
    guard message.method == STUNMessage.bindingMethod else { return .refused(.stunUnexpected) }
    switch message.messageClass {
    case .indication: return .ignored
    case .successResponse: return receive(answer: message, path: path, now: now, changes: changes)
    case .errorResponse: return .refused(.stunUnexpected)
    case .request: break
    }
    guard let username = message.username, let (generation, key) = key(for: username),
      message.isAuthentic(key)
    else { return .refused(.stunUnauthenticated) }

    guard message.unknownAttributes.isEmpty else {
      let length = STUNResponse.error(.unknownAttribute, to: message, key: key, into: answer)
      return .rejected(length ?? 0)
    }
    // We never control: a peer that thinks that it is controlled too must change
    // (RFC 8445 section 7.3.1.1; a lite agent has no tie-breaker to lose with).
    guard message.controlled == nil else {
      let length = STUNResponse.error(.roleConflict, to: message, key: key, into: answer)
      return .rejected(length ?? 0)
    }
    noteCheck(
      on: path, useCandidate: message.usesCandidate, generation: generation, now: now,
      changes: changes)
    let length = STUNResponse.success(to: message, from: path.remote, key: key, into: answer)
    return .answered(length ?? 0)
  }
}

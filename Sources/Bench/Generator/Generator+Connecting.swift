internal import CDatagram
internal import Transport
internal import Wire

/// ICE as the controlling agent of a lite server, then DTLS as its client.
extension Generator {
  /// RFC 7675 section 5.1
  static let consentInterval: Int64 = 5_000_000_000
  static let consentTimeout = MediaDuration.seconds(30)
  static let connectTimeout = MediaDuration.seconds(15)
  /// Between checks until one is answered.
  static let checkInterval: Int64 = 50_000_000

  /// Sends a check and plans the next. Before the first answer candidates take turns; a lite server
  /// is nominated by the first that works, as Chromium does.
  func check(_ endpoint: Endpoint, _ slot: Int) {
    let now = MonotonicClock.now()
    switch endpoint.state {
    case .over: return
    case .checking:
      guard now - endpoint.created < Self.connectTimeout else {
        return fail(endpoint, slot, .iceTimeout)
      }
      endpoint.address = endpoint.candidates[endpoint.attempts % endpoint.candidates.count]
      endpoint.attempts += 1
    case .handshaking, .connected:
      guard now - endpoint.lastConsent < Self.consentTimeout else {
        return fail(endpoint, slot, .consentLost)
      }
    }
    sendCheck(endpoint, slot, now: now)
    let wait =
      endpoint.state == .checking ? Self.checkInterval : consentWait(endpoint, now: now)
    queue.add(
      .check(slot: slot, generation: generations[slot]), at: now.nanoseconds + wait)
  }

  func sendCheck(_ endpoint: Endpoint, _ slot: Int, now: MediaInstant) {
    let id = STUNTransactionID(
      high: random.next(), low: UInt32(truncatingIfNeeded: random.next()))
    endpoint.transactions.append((id, endpoint.address, now))
    if endpoint.transactions.count > 16 { endpoint.transactions.removeFirst() }
    withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { buffer in
      var writer = STUNWriter(into: buffer, class: .request, transactionID: id)
      writer.append(
        .username,
        text: endpoint.plan.remote.usernameFragment + ":"
          + endpoint.plan.local.usernameFragment)
      // A peer reflexive candidate of type preference 110 (RFC 8445 section 7.1.1).
      writer.append(.priority, uint32: 110 << 24 | 65_535 << 8 | 255)
      writer.append(.iceControlling, uint64: endpoint.tieBreaker)
      writer.append(.useCandidate)
      guard let length = writer.finish(key: endpoint.remoteKey) else { return }
      transmit(
        endpoint, slot,
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]))
    }
  }

  /// RFC 7675; behind a path that is looked at, as often as Chromium does: every 2.5 s, and twice a second
  /// while no answer comes.
  private func consentWait(_ endpoint: Endpoint, now: MediaInstant) -> Int64 {
    guard endpoint.cohort >= paths.count else {
      return now - endpoint.lastConsent < .seconds(3) ? 2_500_000_000 : 500_000_000
    }
    return Self.consentInterval * 4 / 5 + Int64(random.next() % 2_000_000_000)
  }

  func receiveSTUN(
    _ endpoint: Endpoint, _ slot: Int, _ bytes: UnsafeRawBufferPointer, now: MediaInstant
  ) {
    guard let message = STUNMessage(bytes) else {
      traffic.unexpected += 1
      return
    }
    if message.messageClass == .request { return answer(message, endpoint, slot) }
    guard message.messageClass == .successResponse,
      let place = endpoint.transactions.firstIndex(where: { $0.id == message.transactionID }),
      message.isAuthentic(endpoint.remoteKey)
    else {
      traffic.unexpected += 1
      return
    }
    let (_, address, sent) = endpoint.transactions.remove(at: place)
    endpoint.lastConsent = now
    // Who sends nothing learns it from no report.
    if endpoint.plan.outbound.isEmpty, endpoint.cohort < paths.count {
      endpoint.roundTrip = now - sent
    }
    guard endpoint.state == .checking else { return }
    endpoint.address = address
    var remote = datagram_address(endpoint.address.ip)
    guard flow_connect(endpoint.descriptor, &remote, endpoint.address.port) == 0,
      let dtls = DTLSInitiator(context: context, expected: endpoint.plan.fingerprints)
    else {
      return fail(endpoint, slot, .socket)
    }
    endpoint.state = .handshaking
    emit.yield(.reached(endpoint.plan.id, .ice, at: now))
    endpoint.dtls = dtls
    dtls.start(now: now, arena: arena, path: endpoint.path, into: &out)
    flush(endpoint)
    planHandshake(endpoint, slot)
  }

  /// The check of a server that is a full agent.
  private func answer(_ request: STUNMessage, _ endpoint: Endpoint, _ slot: Int) {
    let key = STUNKey(password: endpoint.plan.local.password)
    guard request.isAuthentic(key) else {
      traffic.unauthenticated += 1
      return
    }
    withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { buffer in
      guard
        let length = STUNResponse.success(
          to: request, from: endpoint.address, key: key, into: buffer)
      else { return }
      transmit(endpoint, slot, UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]))
    }
  }

  func receiveDTLS(
    _ endpoint: Endpoint, _ slot: Int, _ bytes: UnsafeRawBufferPointer, now: MediaInstant
  ) {
    guard let dtls = endpoint.dtls else {
      traffic.unexpected += 1
      return
    }
    dtls.receive(bytes, now: now, arena: arena, path: endpoint.path, into: &out)
    flush(endpoint)
    switch dtls.state {
    case .handshaking: planHandshake(endpoint, slot)
    case .connected:
      guard endpoint.state == .handshaking else { return }
      guard let keys = dtls.keyingMaterial(), let srtp = SRTPSession(keys, engine: .openSSL) else {
        return fail(endpoint, slot, .dtlsFailed)
      }
      endpoint.srtp = srtp
      becomeConnected(endpoint, slot, now: now)
    case .closed: fail(endpoint, slot, .closedByServer)
    case .failed: fail(endpoint, slot, .dtlsFailed)
    }
  }

  func handshakeTimeout(_ endpoint: Endpoint, _ slot: Int) {
    guard endpoint.state == .handshaking, let dtls = endpoint.dtls else { return }
    let now = MonotonicClock.now()
    guard now - endpoint.created < Self.connectTimeout else {
      return fail(endpoint, slot, .dtlsFailed)
    }
    dtls.handleTimeout(now: now, arena: arena, path: endpoint.path, into: &out)
    flush(endpoint)
    planHandshake(endpoint, slot)
  }

  private func planHandshake(_ endpoint: Endpoint, _ slot: Int) {
    guard let deadline = endpoint.dtls?.deadline else { return }
    queue.add(
      .handshake(slot: slot, generation: generations[slot]), at: deadline.nanoseconds)
  }

  /// Sends what DTLS wrote.
  func flush(_ endpoint: Endpoint) {
    let slot = slotOf[endpoint.plan.id] ?? 0
    for i in 0..<out.count {
      transmit(endpoint, slot, out.bytes(of: out.entries[i]))
    }
    out.removeAll()
  }

  /// Sends one datagram that is not media.
  func transmit(
    _ endpoint: Endpoint, _ slot: Int, _ bytes: UnsafeMutableRawBufferPointer
  ) {
    if impairs, impairOutgoing(endpoint, slot, UnsafeRawBufferPointer(bytes)) {
      return
    }
    sendNow(endpoint, UnsafeRawBufferPointer(bytes))
  }

  func sendNow(_ endpoint: Endpoint, _ bytes: UnsafeRawBufferPointer) {
    if endpoint.state == .checking {
      var remote = datagram_address(endpoint.address.ip)
      let error = flow_send_to(
        endpoint.descriptor, &remote, endpoint.address.port, bytes.baseAddress,
        UInt32(bytes.count))
      if error != 0 { traffic.sendFailures += 1 }
    } else {
      var item = flow_datagram(
        bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress), length: UInt32(bytes.count),
        arrival: 0)
      if flow_send(endpoint.descriptor, &item, 1, &endpoint.segmentation) != 1 {
        traffic.sendFailures += 1
      }
    }
  }
}

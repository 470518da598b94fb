internal import COpenSSL
internal import Wire

/// Which side of the handshake we are (`a=setup`, RFC 8842). The server is always passive; active
/// is for peers made of our own code in tests and load generators.
enum DTLSRole {
  case passive, active
}

/// One DTLS association: the handshake, its SRTP keys, retransmission, the goodbye.
///
/// Datagrams go through a BIO of our own, so their borders stay. OpenSSL reads its own clock for
/// retransmission: `now` only says when to ask it again.
final class DTLSTransport {
  enum State: Equatable {
    case handshaking
    case connected(SRTPProfile)
    /// The peer said close_notify.
    case closed
    case failed(PeerTransportFailure)
  }

  /// Octets of UDP payload of a handshake datagram.
  static let mtu = 1200

  private(set) var state: State = .handshaking
  /// When `handleTimeout` wants to be called; `nil` when no flight is waiting for an answer.
  private(set) var deadline: MediaInstant?

  /// From our first flight to the end of the handshake: a round trip, and what the peer computes.
  private(set) var handshakeTime: MediaDuration?

  /// `nil` once `goodbye` has taken its place.
  private var ssl: OpaquePointer?
  private var goodbye: DTLSGoodbye?
  private let expected: [CertificateFingerprint]
  private let role: DTLSRole
  private var fingerprintMismatched = false
  private var firstFlight: MediaInstant?

  /// What the BIO reads and writes during one call. The pointer is only set while `receive` runs.
  private var incoming = UnsafeRawBufferPointer(start: nil, count: 0)
  private var arena: PacketArena?
  private var written: [(slot: PacketSlot, length: Int)] = []
  /// What is written while it is set goes there instead.
  private var farewell: [UInt8]?

  /// `nil` when OpenSSL has no memory.
  init?(
    context: DTLSContext, role: DTLSRole, expected: [CertificateFingerprint],
    mtu: Int = DTLSTransport.mtu
  ) {
    guard let ssl = SSL_new(context.pointer) else {
      ERR_clear_error()
      return nil
    }
    guard let method = DatagramBIO.method, let bio = BIO_new(method) else {
      SSL_free(ssl)
      ERR_clear_error()
      return nil
    }
    self.ssl = ssl
    self.expected = expected
    self.role = role
    SSL_set_bio(ssl, bio, bio)
    let unretained = Unmanaged.passUnretained(self).toOpaque()
    BIO_set_data(bio, unretained)
    SSL_set_ex_data(ssl, 0, unretained)
    SSL_ctrl(ssl, SSL_CTRL_SET_MTU, mtu, nil)
    DTLS_set_timer_cb(ssl) { _, previous in DTLSTransport.retransmission(after: previous) }
    switch role {
    case .passive: SSL_set_accept_state(ssl)
    case .active: SSL_set_connect_state(ssl)
    }
  }

  deinit { if let ssl { SSL_free(ssl) } }

  /// 250 ms at first, doubled up to 2 s: RFC 6347 section 4.2.4.1 allows less than its 1 s where
  /// the delay matters, and a person is waiting. Microseconds.
  private static func retransmission(after previous: UInt32) -> UInt32 {
    previous == 0 ? 250_000 : min(previous &* 2, 2_000_000)
  }

  /// The active side sends its first flight.
  func start(
    now: MediaInstant, arena: PacketArena, path: NetworkPath, into out: inout OutboundBatch
  ) {
    run(now: now, arena: arena, path: path, into: &out)
  }

  /// Takes one datagram and appends the answers.
  /// - Returns: `false` when the association is over and the datagram was ignored.
  func receive(
    _ datagram: UnsafeRawBufferPointer, now: MediaInstant, arena: PacketArena, path: NetworkPath,
    into out: inout OutboundBatch
  ) -> Bool {
    switch state {
    case .closed, .failed: return false
    case .handshaking, .connected: break
    }
    if let goodbye {
      switch goodbye.alert(in: datagram) {
      case .closeNotify: state = .closed
      case .fatal: state = .failed(.dtlsError)
      case nil: break
      }
      return true
    }
    incoming = datagram
    run(now: now, arena: arena, path: path, into: &out)
    incoming = UnsafeRawBufferPointer(start: nil, count: 0)
    return true
  }

  /// Sends the last flight again when OpenSSL says that it is time.
  func handleTimeout(
    now: MediaInstant, arena: PacketArena, path: NetworkPath, into out: inout OutboundBatch
  ) {
    guard state == .handshaking, let ssl, let deadline, now >= deadline else { return }
    ERR_clear_error()
    self.arena = arena
    // Negative: twelve retransmissions went unanswered.
    if SSL_ctrl(ssl, DTLS_CTRL_HANDLE_TIMEOUT, 0, nil) < 0 { state = .failed(.dtlsTimeout) }
    flush(path: path, into: &out)
    updateDeadline(now: now)
  }

  /// Appends a close_notify when the handshake was done. The association is over afterwards.
  func close(arena: PacketArena, path: NetworkPath, into out: inout OutboundBatch) {
    if case .connected = state {
      self.arena = arena
      if let goodbye {
        goodbye.farewell.withUnsafeBytes { write($0) }
      } else if let ssl {
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
      }
      flush(path: path, into: &out)
    }
    state = .closed
    deadline = nil
  }

  /// The peer uses the keys: it has our last flight, nothing will have to be repeated. Frees all that
  /// is not needed for a goodbye.
  func retire() {
    guard case .connected = state, let ssl,
      let key = DTLSRecordKey(ofPeerOn: ssl, role: role)
    else { return }
    ERR_clear_error()
    farewell = []
    SSL_shutdown(ssl)
    ERR_clear_error()
    let record = farewell ?? []
    farewell = nil
    goodbye = DTLSGoodbye(farewell: record, key: key)
    SSL_free(ssl)
    self.ssl = nil
  }

  /// Whether OpenSSL's state is gone.
  var isRetired: Bool { goodbye != nil }

  /// The SRTP master keys (RFC 5764 section 4.2); `nil` before the end of the handshake.
  func keyingMaterial() -> SRTPKeyingMaterial? {
    guard case .connected(let profile) = state, let ssl else { return nil }
    let key = profile.keyLength
    let salt = profile.saltLength
    var block = [UInt8](repeating: 0, count: 2 * (key + salt))
    defer { block.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
    let label = "EXTRACTOR-dtls_srtp"
    guard
      SSL_export_keying_material(
        ssl, &block, block.count, label, label.utf8.count, nil, 0, 0) == 1
    else {
      ERR_clear_error()
      return nil
    }
    // client key, server key, client salt, server salt
    let client = Array(block[0..<key] + block[2 * key..<2 * key + salt])
    let server = Array(block[key..<2 * key] + block[2 * key + salt..<2 * (key + salt)])
    return switch role {
    case .passive: SRTPKeyingMaterial(profile: profile, local: server, remote: client)
    case .active: SRTPKeyingMaterial(profile: profile, local: client, remote: server)
    }
  }

  // MARK: OpenSSL

  private func run(
    now: MediaInstant, arena: PacketArena, path: NetworkPath, into out: inout OutboundBatch
  ) {
    self.arena = arena
    // Errors of whatever this thread did before would be taken for ours.
    ERR_clear_error()
    if let ssl {
      if state == .handshaking { advanceHandshake(ssl) }
      if case .connected = state { readRecords(ssl) }
    }
    ERR_clear_error()
    noteProgress(now: now)
    flush(path: path, into: &out)
    updateDeadline(now: now)
  }

  private func noteProgress(now: MediaInstant) {
    if firstFlight == nil, !written.isEmpty { firstFlight = now }
    if handshakeTime == nil, case .connected = state {
      handshakeTime = firstFlight.map { now - $0 }
    }
  }

  private func advanceHandshake(_ ssl: OpaquePointer) {
    let result = SSL_do_handshake(ssl)
    if result == 1 {
      if let selected = SSL_get_selected_srtp_profile(ssl),
        let profile = SRTPProfile(registered: selected.pointee.id)
      {
        state = .connected(profile)
      } else {
        state = .failed(.dtlsError)
      }
      return
    }
    switch SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
    case SSL_ERROR_ZERO_RETURN: state = .closed
    default: state = .failed(fingerprintMismatched ? .fingerprintMismatch : .dtlsError)
    }
  }

  /// After the handshake: a repeated Finished makes OpenSSL repeat ours, close_notify ends the
  /// association, application data is thrown away.
  private func readRecords(_ ssl: OpaquePointer) {
    withUnsafeTemporaryAllocation(byteCount: PacketArena.slotCapacity, alignment: 16) { scratch in
      // A datagram holds at most so many records of 13 octets of header.
      for _ in 0..<128 {
        let result = SSL_read(ssl, scratch.baseAddress, Int32(scratch.count))
        if result > 0 { continue }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
        case SSL_ERROR_ZERO_RETURN: state = .closed
        default: state = .failed(.dtlsError)
        }
        return
      }
    }
  }

  private func updateDeadline(now: MediaInstant) {
    deadline = nil
    guard state == .handshaking, let ssl else { return }
    var left = timeval()
    guard SSL_ctrl(ssl, DTLS_CTRL_GET_TIMEOUT, 0, &left) == 1 else { return }
    // One millisecond more than asked: OpenSSL's clock and ours are not the same.
    deadline =
      now + .seconds(Int64(left.tv_sec)) + .microseconds(Int64(left.tv_usec)) + .milliseconds(1)
  }

  private func flush(path: NetworkPath, into out: inout OutboundBatch) {
    for (slot, length) in written { out.append(slot, length: length, path: path) }
    written.removeAll(keepingCapacity: false)
    arena = nil
  }

  // MARK: called by OpenSSL

  /// Hands out the datagram once.
  fileprivate func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    guard incoming.count > 0 else { return nil }
    let count = min(incoming.count, buffer.count)
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: incoming[..<count]))
    incoming = UnsafeRawBufferPointer(start: nil, count: 0)
    return count
  }

  /// One call is one datagram. Without a free slot it is lost, as it could be on the wire.
  fileprivate func write(_ datagram: UnsafeRawBufferPointer) {
    if farewell != nil {
      farewell = Array(datagram)
      return
    }
    guard let arena, datagram.count <= PacketArena.slotCapacity, let slot = arena.allocate() else {
      return
    }
    arena.buffer(slot).copyMemory(from: datagram)
    written.append((slot, datagram.count))
  }

  /// Instead of a chain to a root, the fingerprint of the offer (RFC 8827 section 6.5).
  static func verify(_ store: OpaquePointer?) -> Int32 {
    guard let store,
      let certificate = X509_STORE_CTX_get0_cert(store),
      let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
      let data = SSL_get_ex_data(OpaquePointer(ssl), 0)
    else { return 0 }
    let transport = Unmanaged<DTLSTransport>.fromOpaque(data).takeUnretainedValue()
    let matches = transport.expected.contains {
      CertificateFingerprint(of: certificate, $0.algorithm) == $0
    }
    if !matches {
      transport.fingerprintMismatched = true
      X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)
    }
    return matches ? 1 : 0
  }
}

/// The BIO that keeps datagrams apart: OpenSSL's memory BIO would join them into a stream.
private enum DatagramBIO {
  nonisolated(unsafe) static let method: OpaquePointer? = {
    guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram") else {
      return nil
    }
    BIO_meth_set_create(method) { bio in
      BIO_set_init(bio, 1)
      return 1
    }
    BIO_meth_set_read(method) { bio, buffer, length in
      BIO_clear_flags(bio, retryFlags)
      guard let transport = transport(bio), let buffer, length > 0 else { return -1 }
      let target = UnsafeMutableRawBufferPointer(start: buffer, count: Int(length))
      if let count = transport.read(into: target) { return Int32(count) }
      BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
      return -1
    }
    BIO_meth_set_write(method) { bio, buffer, length in
      guard let transport = transport(bio), let buffer, length > 0 else { return -1 }
      transport.write(UnsafeRawBufferPointer(start: buffer, count: Int(length)))
      return length
    }
    BIO_meth_set_ctrl(method) { _, command, _, _ in
      switch command {
      case BIO_CTRL_FLUSH, BIO_CTRL_DUP: 1
      default: 0
      }
    }
    return method
  }()

  private static let retryFlags =
    BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

  private static func transport(_ bio: OpaquePointer?) -> DTLSTransport? {
    BIO_get_data(bio).map { Unmanaged<DTLSTransport>.fromOpaque($0).takeUnretainedValue() }
  }
}

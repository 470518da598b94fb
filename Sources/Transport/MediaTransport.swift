internal import CPrefetch
public import Wire

/// What of a peer's transport every packet of media needs: where to send, and its SRTP session.
///
/// A handle on memory that a `PeerTransport` owns: copying it copies a pointer, no reference is
/// counted. Valid as long as that transport lives; when it is over, nothing is sent or taken.
public struct MediaTransport {
  struct State: ~Copyable {
    var sendPath: NetworkPath?
    var isConnected = false
    /// See `PeerTransport.noteMedia(by:now:arena:into:)`.
    var isLeaving = false
    var srtp: SRTPTransform?
  }

  let state: UnsafeMutablePointer<State>

  init() {
    // On a cache line's border: the first is all that a look at the path takes.
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<State>.size, alignment: 64)
    state = bytes.bindMemory(to: State.self, capacity: 1)
    state.initialize(to: State(sendPath: nil, srtp: nil))
  }

  func deallocate() {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// See `PeerTransport.sendPath`.
  public var sendPath: NetworkPath? { state.pointee.sendPath }

  /// Whether authentic media by this path is to be told to `PeerTransport.noteMedia(by:...)`: it is not
  /// the one that we send by, or the peer seems to change it.
  public func isNews(_ path: NetworkPath) -> Bool {
    state.pointee.isLeaving || state.pointee.sendPath != path
  }

  /// See `PeerTransport.isConnected`.
  public var isConnected: Bool { state.pointee.isConnected }

  /// Decrypts an RTP packet in place.
  public func unprotectRTP(
    _ buffer: UnsafeMutableRawBufferPointer, length: Int
  ) -> SRTPSession.Outcome {
    state.pointee.srtp?.unprotectRTP(buffer, length: length) ?? .refused(.srtpNotReady)
  }

  /// The same for a compound RTCP packet.
  public func unprotectRTCP(
    _ buffer: UnsafeMutableRawBufferPointer, length: Int
  ) -> SRTPSession.Outcome {
    state.pointee.srtp?.unprotectRTCP(buffer, length: length) ?? .refused(.srtpNotReady)
  }

  /// Protects an RTP packet in place.
  /// - Returns: the new length, or `nil` when the peer is not connected, the buffer has no room for
  ///   `SRTPProfile.rtpOverhead` more octets, or the packet is malformed. With an AEAD profile also
  ///   when this sequence number was already sent from this SSRC: a nonce must not be used twice
  ///   (RFC 7714 section 8.4), so a retransmission needs RTX.
  public func protectRTP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    state.pointee.srtp?.protectRTP(buffer, length: length)
  }

  /// The same for a compound RTCP packet.
  public func protectRTCP(_ buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int? {
    state.pointee.srtp?.protectRTCP(buffer, length: length)
  }

  // MARK: Hints

  /// Says that a packet comes from the peer or goes to it soon.
  public func prefetch() {
    let start = UnsafeRawPointer(state)
    for offset in stride(from: 0, to: MemoryLayout<State>.size, by: 64) {
      CPrefetch.prefetch(start + offset)
    }
  }

  /// The same one step later, when what `prefetch()` asked for is there: the keys.
  public func prefetchKeys(opens: Bool) {
    if state.pointee.srtp != nil { state.pointee.srtp?.prefetchKeys(opens: opens) }
  }
}

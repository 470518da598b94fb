internal import CPrefetch
internal import Congestion
internal import Forwarding
internal import Transport
public import Wire

/// A datagram that was announced, and as far as its way was looked up.
struct Announced {
  var place: Int32
  var ssrc: SSRC
  var publication: PublicationHandle?
  var subscription: SubscriptionHandle?
  /// Place of the first viewer.
  var viewer: Int32 = -1
}

/// Hints for what comes next. Many small rooms mean that hardly any packet finds its peer's state in
/// the processor's caches: one after the other the packets of a batch would each wait for memory
/// some fifty times. Announced together, they wait together.
///
/// No verb: it changes nothing that a packet could tell.
extension Worker {
  /// Datagrams that may be announced before `lookAhead()`.
  public static var lookaheadLimit: Int { 64 }

  /// Announces a datagram that `receive` gets soon.
  public func announce(_ slot: PacketSlot, length: Int, from address: TransportAddress) {
    let bytes = UnsafeRawBufferPointer(rebasing: arena.buffer(slot)[..<length])
    guard announcedCount < Self.lookaheadLimit, DatagramKind(bytes) == .rtp, length >= 12,
      let place = table.peer(at: address)
    else { return }
    let ssrc = SSRC(bytes.networkUInt32(at: 8))
    // The packets of a frame come one after the other.
    if announcedCount > 0, announced[announcedCount &- 1].place == place,
      announced[announcedCount &- 1].ssrc == ssrc
    {
      return
    }
    (announced + announcedCount).initialize(to: Announced(place: place, ssrc: ssrc))
    announcedCount &+= 1
    media.prefetch(at: place)
  }

  /// Asks for all that the announced datagrams will need.
  public func lookAhead() {
    let count = announcedCount
    announcedCount = 0
    // Alone a packet gains nothing by being looked up twice.
    guard count > 2 else { return }
    for i in 0..<count {
      guard let media = media.pointer(at: announced[i].place) else { continue }
      media.pointee.transport.prefetch()
      media.pointee.sources.prefetch()
    }
    for i in 0..<count {
      guard let media = media.pointer(at: announced[i].place) else { continue }
      media.pointee.transport.prefetchKeys(opens: true)
      media.pointee.transportWideCC?.prefetchNextPacket()
      announced[i].publication = media.pointee.sources.publication(of: announced[i].ssrc)
      if let publication = announced[i].publication { router.prefetch(publication) }
    }
    for i in 0..<count {
      if let publication = announced[i].publication { router.prefetchParts(of: publication) }
    }
    for i in 0..<count {
      guard let publication = announced[i].publication else { continue }
      announced[i].subscription = router.prefetchFirstSubscriber(of: publication)
    }
    for i in 0..<count {
      guard let subscription = announced[i].subscription,
        let viewer = router.prefetchParts(of: subscription)
      else { continue }
      announced[i].viewer = viewer
      media.prefetch(at: viewer)
    }
    for i in 0..<count {
      guard let media = media.pointer(at: announced[i].viewer) else { continue }
      media.pointee.transport.prefetch()
      if let downlink = media.pointee.downlink { Downlink.prefetch(downlink) }
    }
    for i in 0..<count {
      guard let media = media.pointer(at: announced[i].viewer) else { continue }
      media.pointee.transport.prefetchKeys(opens: false)
      media.pointee.downlink?.pointee.estimator.prefetchNextPacket()
    }
  }
}

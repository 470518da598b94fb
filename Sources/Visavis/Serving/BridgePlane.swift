internal import MediaEngine
internal import MediaHooks
internal import MediaIO
internal import Signaling
internal import Synchronization
internal import Transport
internal import Wire

/// Bridges to RTP: sockets of their own, and lanes of the pool.
final class BridgePlane: BridgeSource {
  private let pool: HookPool
  private let networks: [IPNetwork]
  private let address: IPAddress?
  private let ports: ClosedRange<UInt16>
  private let limit: Int
  private let running = Atomic<Int>(0)
  private let seeds = Mutex(SystemRandomNumberGenerator())

  /// `nil`: the settings permit none.
  init?(_ settings: Settings.Bridges, _ hooks: HookPlane) {
    guard !settings.networks.isEmpty else { return nil }
    pool = hooks.pool
    networks = settings.networks.compactMap(IPNetwork.init)
    address = settings.address.flatMap { IPAddress(text: $0) }
    limit = settings.limit
    let first = UInt16(settings.port)
    ports = first...(first == 0 ? 0 : first + UInt16(settings.limit - 1))
  }

  func open(
    _ wish: BridgeWish, into feed: PacketFeed?
  ) throws(BridgeRefusal) -> any RunningBridge {
    guard networks.contains(where: { $0.contains(wish.remote.ip) }) else { throw .address }
    guard running.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
      running.subtract(1, ordering: .relaxed)
      throw .busy
    }
    do throws(BridgeRefusal) {
      return try begin(wish, feed)
    } catch {
      running.subtract(1, ordering: .relaxed)
      throw error
    }
  }

  private func begin(_ wish: BridgeWish, _ feed: PacketFeed?) throws(BridgeRefusal) -> OpenBridge {
    let port: DatagramPort
    do throws(MediaIOError) {
      port = try DatagramPort(to: wish.remote, from: address, ports: ports)
    } catch {
      throw .network
    }
    let keys = wish.keys.flatMap {
      SRTPKeyingMaterial(profile: $0.suite, local: $0.outgoing, remote: $0.incoming)
    }
    let settings = BridgeSettings(
      payloadType: wish.payloadType, keys: keys, sends: wish.sends, loudness: wish.loudness)
    do throws(HookFailure) {
      let handle = try pool.bridge(
        settings, over: Port(port: port), into: feed, seed: seeds.withLock { $0.next() })
      return OpenBridge(handle, local: port.local) { [self] in
        running.subtract(1, ordering: .relaxed)
      }
    } catch {
      throw .busy
    }
  }
}

private struct Port: BridgePort {
  let port: DatagramPort

  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int? { port.receive(into: buffer) }
  func send(_ datagram: UnsafeRawBufferPointer) -> Bool { port.send(datagram) }
  var strange: UInt64 { port.strange }
}

/// One of so many until it is ended.
private final class OpenBridge: RunningBridge {
  let local: TransportAddress
  private let handle: BridgeHandle
  private let giveBack: @Sendable () -> Void
  private let hasEnded = Atomic<Bool>(false)

  init(_ handle: BridgeHandle, local: TransportAddress, giveBack: @escaping @Sendable () -> Void) {
    (self.handle, self.local, self.giveBack) = (handle, local, giveBack)
  }

  deinit { end() }

  func hear(_ sources: [BridgeVoice]) {
    handle.hear(sources.map { .init(tap: $0.tap, bindings: $0.bindings) })
  }

  var figures: BridgeFigures {
    let counters = handle.counters
    return BridgeFigures(
      sent: counters.sent, received: counters.received, refused: counters.refused,
      excess: counters.excess, strange: counters.strange, dropped: counters.dropped)
  }

  func end() {
    handle.end()
    if !hasEnded.exchange(true, ordering: .relaxed) { giveBack() }
  }
}

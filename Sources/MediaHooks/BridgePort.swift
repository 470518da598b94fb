internal import Synchronization
internal import Transcoding
public import MediaEngine
public import Transport
public import Wire

/// A way for datagrams to one remote address and back, whoever has the socket. Used by one thread of the pool.
public protocol BridgePort: Sendable {
  /// Takes one datagram of the remote address, without waiting.
  /// - Returns: its length; `nil`: nothing waits.
  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int?
  /// - Returns: `false` when it did not go.
  func send(_ datagram: UnsafeRawBufferPointer) -> Bool
  /// Datagrams of other addresses, since the beginning.
  var strange: UInt64 { get }
}

/// What a bridge is to be.
public struct BridgeSettings: Sendable {
  /// Of Opus, both ways.
  public var payloadType: UInt8
  /// `nil`: plain RTP.
  public var keys: SRTPKeyingMaterial?
  /// Whether the mix goes out.
  public var sends: Bool
  /// LUFS that each voice of the mix is brought nearer to; `nil`: as it is.
  public var loudness: Double?

  /// bit/s of the mix, and how many times 20 ms are in its packets, until the handle says otherwise.
  public var rate = BridgeRate()

  public init(
    payloadType: UInt8, keys: SRTPKeyingMaterial?, sends: Bool, loudness: Double? = nil
  ) {
    self.payloadType = payloadType
    self.keys = keys
    self.sends = sends
    self.loudness = loudness
  }
}

/// What the mix of a bridge may take.
public struct BridgeRate: Hashable, Sendable {
  /// bit/s of Opus.
  public var bitrate: Int
  /// Times 20 ms in each packet, 1 to 3.
  public var frames: Int

  public init(bitrate: Int = 64_000, frames: Int = 1) {
    self.bitrate = bitrate
    self.frames = frames
  }
}

/// What a bridge has done since it began.
public struct BridgeCounters: Hashable, Sendable {
  /// RTP packets of the mix, and those that did not go.
  public var sent: UInt64 = 0
  public var unsent: UInt64 = 0
  /// RTP packets that came and went on.
  public var received: UInt64 = 0
  /// Datagrams that are no such packets, of another payload type or source, or not genuine.
  public var refused: UInt64 = 0
  /// Those that came faster than sound does.
  public var excess: UInt64 = 0
  /// Datagrams of another address than the remote one.
  public var strange: UInt64 = 0
  /// Packets of those who are heard that were not mixed, since the mix was too slow.
  public var dropped: UInt64 = 0

  public init() {}
}

/// A bridge that runs. It goes on until `end`, also when nobody holds this any more.
public final class BridgeHandle: Sendable {
  /// Somebody who is heard.
  public struct Source: Sendable {
    public var tap: PacketTap
    public var bindings: [PayloadBinding]

    public init(tap: PacketTap, bindings: [PayloadBinding]) {
      self.tap = tap
      self.bindings = bindings
    }
  }

  struct State: Sendable {
    var sources: [Source] = []
    /// `nil`: as it began.
    var rate: BridgeRate?
    var isEnded = false
    var version: UInt64 = 0
    var counters = BridgeCounters()
  }

  private let state = Mutex(State())

  init() {}

  /// Who is heard from now on.
  public func hear(_ sources: [Source]) {
    state.withLock {
      $0.sources = sources
      $0.version &+= 1
    }
  }

  /// What the mix may take from now on.
  public func setRate(_ rate: BridgeRate) {
    state.withLock {
      $0.rate = rate
      $0.version &+= 1
    }
  }

  /// Nothing is sent and nothing taken any more within one period of the pool.
  public func end() {
    state.withLock {
      $0.isEnded = true
      $0.version &+= 1
    }
  }

  public var counters: BridgeCounters { state.withLock { $0.counters } }

  func note(_ counters: BridgeCounters) { state.withLock { $0.counters = counters } }

  /// What has changed since a version.
  func changes(since version: UInt64) -> State? {
    state.withLock { $0.version == version ? nil : $0 }
  }
}

extension HookPool {
  /// Runs a bridge: the sound of all sources as one Opus stream to the port, and what comes from there to the worker.
  ///
  /// - Parameters:
  ///   - feed: takes packets to the worker; `nil`: what comes is left.
  ///   - seed: of its numbers.
  public func bridge(
    _ settings: BridgeSettings, over port: any BridgePort, into feed: PacketFeed?, seed: UInt64
  ) throws(HookFailure) -> BridgeHandle {
    guard load < Self.maximumLanes else { throw .full }
    let handle = BridgeHandle()
    do throws(CodecError) {
      add(try BridgeLane(settings, port, feed, seed: seed, handle))
    } catch {
      throw .codec
    }
    return handle
  }
}

internal import MediaEngine
internal import Transcoding
internal import Transport
internal import Wire

/// One bridge on its thread of the pool.
final class BridgeLane: HookLane {
  private final class Source {
    let number: UInt32
    let tap: PacketTap
    let bindings: [PayloadBinding]

    init(_ number: UInt32, _ source: BridgeHandle.Source) {
      (self.number, tap, bindings) = (number, source.tap, source.bindings)
    }
  }

  private static let capacity = 2048

  private let port: any BridgePort
  private let feed: PacketFeed?
  private let handle: BridgeHandle
  private let srtp: SRTPSession?
  private let mix: OpusMix?
  private let payloadType: UInt8
  private let ssrc: SSRC
  private let firstTimestamp: UInt32
  private var sequence: UInt16
  private var isFirst = true
  private var intake: BridgeIntake
  private var sources: [Source] = []
  private var lastNumber: UInt32 = 0
  private var version: UInt64 = 0
  private var counters = BridgeCounters()
  private var formerDrops: UInt64 = 0
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: capacity, alignment: 16)

  init(
    _ settings: BridgeSettings, _ port: any BridgePort, _ feed: PacketFeed?, seed: UInt64,
    _ handle: BridgeHandle
  ) throws(CodecError) {
    (self.port, self.feed, self.handle, payloadType) = (port, feed, handle, settings.payloadType)
    if let keys = settings.keys {
      guard let session = SRTPSession(keys) else { throw .unavailable(code: 0) }
      srtp = session
    } else {
      srtp = nil
    }
    mix =
      settings.sends
      ? try OpusMix(bitrate: settings.rate.bitrate, target: settings.loudness) : nil
    try mix?.setRate(bitrate: settings.rate.bitrate, frames: settings.rate.frames)
    var random = SeededRandom(seed: seed)
    let bits = random.next()
    ssrc = SSRC(UInt32(truncatingIfNeeded: bits))
    sequence = UInt16(truncatingIfNeeded: bits >> 32) & 0x7FFF
    firstTimestamp = UInt32(truncatingIfNeeded: random.next())
    intake = BridgeIntake(payloadType: settings.payloadType, seed: random.next())
  }

  deinit { buffer.deallocate() }

  func run(now: MediaInstant) -> Bool {
    if let state = handle.changes(since: version) {
      version = state.version
      guard !state.isEnded else { return false }
      adopt(state.sources)
      if let rate = state.rate { try? mix?.setRate(bitrate: rate.bitrate, frames: rate.frames) }
    }
    takeIn(now)
    send(now)
    counters.strange = port.strange
    counters.dropped = sources.reduce(formerDrops) { $0 &+ $1.tap.dropped }
    handle.note(counters)
    return true
  }

  func cancel() {}

  private func adopt(_ wanted: [BridgeHandle.Source]) {
    guard let mix else { return }
    for source in sources
    where !wanted.contains(where: { $0.tap === source.tap && $0.bindings == source.bindings }) {
      mix.remove(source.number)
      formerDrops &+= source.tap.dropped
      sources.removeAll { $0 === source }
    }
    for one in wanted where !sources.contains(where: { $0.tap === one.tap }) {
      lastNumber &+= 1
      guard (try? mix.add(lastNumber, bindings: one.bindings)) != nil else { continue }
      sources.append(Source(lastNumber, one))
    }
  }

  private func takeIn(_ now: MediaInstant) {
    for _ in 0..<BridgeIntake.batch {
      guard let length = port.receive(into: buffer) else { return }
      guard let plain = open(length) else {
        counters.refused &+= 1
        continue
      }
      switch intake.take(buffer, length: plain, now: now) {
      case .packet(let length):
        guard let feed else { continue }
        let isTaken = feed.write(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
        if isTaken { counters.received &+= 1 } else { counters.excess &+= 1 }
      case .excess: counters.excess &+= 1
      case .refused: counters.refused &+= 1
      }
    }
  }

  /// The length of the packet without protection; `nil`: it is not genuine.
  private func open(_ length: Int) -> Int? {
    guard length >= RTPPacket.fixedHeaderLength, length <= RTPPacket.maximumLength else {
      return nil
    }
    guard let srtp else { return length }
    guard case .packet(let plain) = srtp.unprotectRTP(buffer, length: length) else { return nil }
    return plain
  }

  private func send(_ now: MediaInstant) {
    guard let mix else { return }
    for source in sources {
      source.tap.drain(limit: StillImageLane.batch) { octets, note in
        mix.receive(octets, of: source.number, now: note.arrival)
      }
    }
    mix.run(now: now) { packet, timestamp in
      send(packet, firstTimestamp &+ UInt32(truncatingIfNeeded: timestamp))
    }
  }

  private func send(_ payload: [UInt8], _ timestamp: UInt32) {
    var writer = RTPHeaderWriter(
      into: buffer, payloadType: payloadType, marker: isFirst, sequenceNumber: sequence,
      timestamp: timestamp, ssrc: ssrc)
    let header = writer?.finish() ?? 0
    guard header > 0, header + payload.count <= RTPPacket.maximumLength - 32 else { return }
    payload.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(rebasing: buffer[header...]).copyMemory(from: $0)
    }
    isFirst = false
    sequence &+= 1
    let length = header + payload.count
    guard let protected = srtp == nil ? length : srtp?.protectRTP(buffer, length: length),
      port.send(UnsafeRawBufferPointer(rebasing: buffer[..<protected]))
    else {
      counters.unsent &+= 1
      return
    }
    counters.sent &+= 1
  }
}

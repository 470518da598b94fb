internal import CDatagram
internal import Transport
internal import Wire
internal import Workload

/// Sends the packets of a case and takes what comes back, on one thread.
final class Load {
  struct Counts {
    var sent: UInt64 = 0
    /// Packets that the server should have sent for those.
    var expected: UInt64 = 0
    var received: UInt64 = 0
    var receivedOctets: UInt64 = 0
    /// RTX: what the server sends to probe a path, and again.
    var repeated: UInt64 = 0
    var controlReceived: UInt64 = 0
    var authenticated: UInt64 = 0
    var refused: UInt64 = 0
    var nacks: UInt64 = 0
  }

  static let batch = 64
  static let slot = 1664
  /// Under saturation: packets on their way to the server.
  static let window = 512

  let endpoints: [Endpoint]
  let load: LoadCase
  private(set) var counts = Counts()
  private(set) var delays: [Int32] = []
  /// One of so many packets is authenticated.
  private let sampling: UInt64
  private var kernelOffset = Clock.kernelOffset()
  private let poller = flow_poller_open()
  private let outgoing: UnsafeMutablePointer<flow_datagram>
  private let inbox: OpaquePointer?
  private let outgoingBytes: UnsafeMutableRawPointer
  private let ready: UnsafeMutablePointer<UInt32>
  private var nextLook: MediaInstant
  /// Saturation: whose turn it is.
  private var turn = 0
  private let publishers: [Int]

  init(_ load: LoadCase, endpoints: [Endpoint], now: MediaInstant) {
    self.load = load
    self.endpoints = endpoints
    sampling = load.isSaturating ? 64 : 1
    outgoingBytes = .allocate(byteCount: Self.batch * Self.slot, alignment: 64)
    inbox = flow_inbox_open(UInt32(Self.slot))
    outgoing = .allocate(capacity: Self.batch)
    ready = .allocate(capacity: 256)
    var random = SeededRandom(seed: 8)
    for i in stride(from: 0, to: Self.batch * Self.slot, by: 8) {
      outgoingBytes.storeBytes(of: random.next(), toByteOffset: i, as: UInt64.self)
    }
    nextLook = now
    publishers = endpoints.indices.filter { !endpoints[$0].tracks.isEmpty }
    for (i, endpoint) in endpoints.enumerated() {
      _ = flow_poller_add(poller, endpoint.descriptor, UInt32(i), false)
    }
  }

  deinit {
    datagram_descriptor_close(poller)
    outgoing.deallocate()
    outgoingBytes.deallocate()
    flow_inbox_close(inbox)
    ready.deallocate()
  }

  func forgetDelays() {
    delays.removeAll(keepingCapacity: true)
    kernelOffset = Clock.kernelOffset()
  }

  // MARK: Running

  func run(until end: MediaInstant) {
    if load.isSaturating { saturate(until: end) } else { pace(until: end) }
  }

  /// Takes what is still on its way.
  func drain(for span: MediaDuration) {
    let end = Clock.now() + span
    while Clock.now() < end {
      receive()
      Clock.sleep(.milliseconds(1))
    }
  }

  private func pace(until end: MediaInstant) {
    while true {
      let now = Clock.now()
      guard now < end else { return }
      var next = end
      for endpoint in endpoints {
        for track in endpoint.tracks {
          if track.due(now) <= now { send(track, of: endpoint, now: now, isPaced: true) }
          next = min(next, track.due(now))
        }
        if endpoint.nextReport <= now { report(endpoint, now) }
        if endpoint.nextFeedback <= now { sendFeedback(endpoint, now) }
      }
      if nextLook <= now {
        receive()
        nextLook = now + .milliseconds(1)
      }
      Clock.sleep(min(next, nextLook) - Clock.now())
    }
  }

  /// Keeps so many packets on their way as `window` says.
  private func saturate(until end: MediaInstant) {
    var lastProgress = Clock.now()
    var written = counts.received
    // Expected packets that will not come any more.
    var lost = 0
    let limit = Self.window * endpoints[publishers[0]].tracks[0].viewers
    while true {
      let now = Clock.now()
      guard now < end else { return }
      if counts.received != written {
        written = counts.received
        lastProgress = now
      } else if now - lastProgress > .milliseconds(100) {
        lost = underway
        lastProgress = now
      }
      var budget = 16
      lost = min(lost, underway)
      while underway - lost < limit, budget > 0 {
        budget -= 1
        sendNext()
      }
      receive()
      for endpoint in endpoints where endpoint.nextReport <= now { report(endpoint, now) }
    }
  }

  private var underway: Int { Int(counts.expected) - Int(counts.received) }

  /// The next frame or sound of the next publisher, in the order of the media's own time.
  private func sendNext() {
    let endpoint = endpoints[publishers[turn]]
    turn = (turn + 1) % publishers.count
    guard let track = endpoint.tracks.min(by: { $0.nextFrame < $1.nextFrame }) else { return }
    send(track, of: endpoint, now: track.nextFrame, isPaced: false)
  }

  // MARK: Sending

  private func send(_ track: Track, of endpoint: Endpoint, now: MediaInstant, isPaced: Bool) {
    var count = 0
    let end = track.nextFrame
    while true {
      let buffer = UnsafeMutableRawBufferPointer(
        start: outgoingBytes + count * Self.slot, count: Self.slot)
      guard
        let length = track.write(
          into: buffer, transportSequence: &endpoint.transportSequence, now: now,
          sent: Clock.now(), isPaced: isPaced)
      else { break }
      guard let sealed = endpoint.srtp.protectRTP(buffer, length: length) else { break }
      outgoing[count] = flow_datagram(
        bytes: buffer.baseAddress, length: UInt32(sealed), arrival: 0)
      count += 1
      if count == Self.batch {
        flush(endpoint, track, count)
        count = 0
      }
      // One frame at a time.
      if track.nextFrame > end, track.due(now) == track.nextFrame { break }
    }
    flush(endpoint, track, count)
  }

  private func flush(_ endpoint: Endpoint, _ track: Track, _ count: Int) {
    guard count > 0 else { return }
    let sent = flow_send(endpoint.descriptor, outgoing, UInt32(count), &endpoint.segmentation)
    counts.sent += UInt64(sent)
    counts.expected += UInt64(sent) * UInt64(track.viewers)
  }

  private func control(
    _ endpoint: Endpoint, _ write: (UnsafeMutableRawBufferPointer) -> Int?
  ) {
    let buffer = UnsafeMutableRawBufferPointer(start: outgoingBytes, count: 1200)
    let whole = UnsafeMutableRawBufferPointer(start: outgoingBytes, count: Self.slot)
    guard let length = write(buffer), let sealed = endpoint.srtp.protectRTCP(whole, length: length)
    else { return }
    outgoing[0] = flow_datagram(bytes: outgoingBytes, length: UInt32(sealed), arrival: 0)
    _ = flow_send(endpoint.descriptor, outgoing, 1, &endpoint.segmentation)
  }

  private func report(_ endpoint: Endpoint, _ now: MediaInstant) {
    endpoint.nextReport = now + .seconds(1)
    for track in endpoint.tracks {
      let report = SenderReport(
        sender: track.ssrc,
        ntp: NTPTimestamp(now, wallOffset: MediaDuration.zero - kernelOffset),
        rtpTimestamp: track.timestamp(at: now), packetCount: track.packets,
        octetCount: track.octets)
      control(endpoint) { report.write(blocks: [], into: $0) }
    }
    guard !endpoint.inbound.isEmpty else { return }
    let blocks = endpoint.inbound.map {
      ReportBlock(
        ssrc: $0.ssrc, fractionLost: 0, cumulativeLost: 0,
        extendedHighest: $0.cycles << 16 | UInt32($0.highest), jitter: 50, lastSR: 0,
        delaySinceLastSR: 0)
    }
    control(endpoint) {
      ReceiverReport(sender: endpoint.ssrc, blocks: Array(blocks.prefix(31))).write(into: $0)
    }
  }

  private func sendFeedback(_ endpoint: Endpoint, _ now: MediaInstant) {
    endpoint.nextFeedback = now + .milliseconds(100)
    guard let media = endpoint.inbound.first?.ssrc else { return }
    for _ in 0..<8 where !endpoint.feedback.isEmpty {
      control(endpoint) { endpoint.feedback.write(sender: endpoint.ssrc, media: media, into: $0) }
    }
  }

  // MARK: Receiving

  private func receive() {
    let count = flow_poller_wait(poller, ready, 256, 0)
    guard count > 0 else { return }
    for i in 0..<Int(count) {
      let endpoint = endpoints[Int(ready[i])]
      while receive(endpoint) == Self.batch {}
    }
  }

  private func receive(_ endpoint: Endpoint) -> Int {
    guard let inbox, let items = flow_inbox_items(inbox) else { return 0 }
    let count = Int(max(0, flow_receive(endpoint.descriptor, inbox)))
    for i in 0..<count { take(items[i], endpoint) }
    return count
  }

  private func take(_ datagram: flow_datagram, _ endpoint: Endpoint) {
    let length = Int(datagram.length)
    guard length >= 12, let start = datagram.bytes else { return }
    let buffer = UnsafeMutableRawBufferPointer(start: start, count: Self.slot)
    guard !(192...223).contains(buffer[1]) else {
      counts.controlReceived += 1
      note(control: buffer, length, endpoint)
      return
    }
    let bytes = UnsafeRawBufferPointer(buffer)
    let ssrc = SSRC(bytes.networkUInt32(at: 8))
    guard let place = endpoint.inbound.firstIndex(where: { $0.ssrc == ssrc }) else {
      counts.repeated += 1
      _ = authentic(buffer, datagram, endpoint)
      return
    }
    counts.received += 1
    counts.receivedOctets += UInt64(length)
    endpoint.inbound[place].received &+= 1
    let sequence = bytes.networkUInt16(at: 2)
    if sequence < 0x1000, endpoint.inbound[place].highest > 0xF000 {
      endpoint.inbound[place].cycles &+= 1
    }
    endpoint.inbound[place].highest = sequence
    guard counts.received % sampling == 0 else { return }
    examine(buffer, datagram, endpoint, endpoint.inbound[place].kind)
  }

  private func examine(
    _ buffer: UnsafeMutableRawBufferPointer, _ datagram: flow_datagram, _ endpoint: Endpoint,
    _ kind: MediaKind
  ) {
    guard let payload = authentic(buffer, datagram, endpoint) else { return }
    guard let sent = Track.sentTime(kind, payload) else {
      counts.refused += 1
      return
    }
    counts.authenticated += 1
    let arrival = MediaInstant(nanoseconds: datagram.arrival) + kernelOffset
    delays.append(Int32(clamping: (arrival - sent).microseconds))
  }

  /// Its payload, once its tag was right; the peer's feedback will tell of it.
  private func authentic(
    _ buffer: UnsafeMutableRawBufferPointer, _ datagram: flow_datagram, _ endpoint: Endpoint
  ) -> UnsafeRawBufferPointer? {
    guard
      case .packet(let plain) = endpoint.srtp.unprotectRTP(buffer, length: Int(datagram.length)),
      case let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<plain]),
      let packet = RTPPacket(bytes)
    else {
      counts.refused += 1
      return nil
    }
    if !load.isSaturating,
      let number = packet.transportSequence(id: MediaFormat.transportWideCC, in: bytes)
    {
      endpoint.feedback.note(
        number, arrival: MediaInstant(nanoseconds: datagram.arrival) + kernelOffset)
    }
    return UnsafeRawBufferPointer(rebasing: bytes[packet.headerLength...])
  }

  private func note(
    control buffer: UnsafeMutableRawBufferPointer, _ length: Int, _ endpoint: Endpoint
  ) {
    guard case .packet(let plain) = endpoint.srtp.unprotectRTCP(buffer, length: length),
      var compound = RTCPCompound(UnsafeRawBufferPointer(rebasing: buffer[..<plain]))
    else {
      counts.refused += 1
      return
    }
    while let packet = compound.next() {
      if case .nack(let nack) = packet { for _ in nack { counts.nacks += 1 } }
    }
  }
}

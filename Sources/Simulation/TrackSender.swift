internal import Wire

/// The sending side of a simulated track: makes packets in time, keeps them for retransmission, makes
/// keyframes when asked.
struct TrackSender {
  struct Sent {
    var sequence: UInt16
    var timestamp: UInt32
    var marker: Bool
    var payload: [UInt8]
    var time: MediaInstant
  }

  /// A packet without what its peer adds.
  struct Packet {
    var payloadType: UInt8
    var ssrc: SSRC
    var sequence: UInt16
    var timestamp: UInt32
    var marker: Bool
    var payload: [UInt8]
    var padding: UInt8 = 0
  }

  static let packetLength = 1000
  static let historyAge = MediaDuration.seconds(2)

  private(set) var track: SimulatedTrack
  /// Of video, bits a second.
  var bitrate: Int
  /// Of video, pictures a second.
  var frameRate: Int
  /// Of sound in a packet, milliseconds.
  var packetTime = 20
  private(set) var nextTime: MediaInstant
  /// An encoder that begins anew begins with a keyframe.
  var isActive = true {
    didSet { if isActive, !oldValue { wantsKeyframe = true } }
  }
  /// Whether its camera or microphone gives anything.
  var hasInput = true {
    didSet { if hasInput, !oldValue { wantsKeyframe = true } }
  }
  /// Packets with payload sent so far; the last one has this number less one.
  private(set) var packetCount: UInt32 = 0
  private(set) var octetCount: UInt32 = 0
  private(set) var keyframes = 0
  private(set) var keyframeRequests = 0
  private(set) var resent = 0
  private(set) var lastTimestamp: UInt32 = 0

  private var sequence: UInt16
  private var rtxSequence: UInt16
  private var pictureID: UInt16
  private var tl0: UInt8
  /// Place in the cycle of temporal layers.
  private var phase = 0
  private var layer: (id: UInt8, sync: Bool) = (0, true)
  private var wantsKeyframe = true
  private var lastKeyframe: MediaInstant?
  private var history: [UInt16: Sent] = [:]
  private var epoch: MediaInstant
  private var timestampBase: UInt32

  init(_ track: SimulatedTrack, now: MediaInstant, random: inout SeededRandom) {
    self.track = track
    bitrate = track.kind == .audio ? 32_000 : track.bitrate
    frameRate = track.frameRate
    nextTime = now
    epoch = now
    sequence = UInt16(truncatingIfNeeded: random.next())
    rtxSequence = UInt16(truncatingIfNeeded: random.next())
    pictureID = UInt16(truncatingIfNeeded: random.next()) & 0x7FFF
    tl0 = UInt8(truncatingIfNeeded: random.next())
    timestampBase = UInt32(truncatingIfNeeded: random.next())
  }

  /// The RTP time of an instant.
  func timestamp(at now: MediaInstant) -> UInt32 {
    let rate: Int64 = track.kind == .audio ? 48 : 90
    return timestampBase &+ UInt32(truncatingIfNeeded: (now - epoch).microseconds * rate / 1000)
  }

  /// Starts anew as a client that lost its state does: other source, numbers and picture ids.
  mutating func restart(ssrc: SSRC, rtxSSRC: SSRC?, now: MediaInstant, random: inout SeededRandom) {
    var track = track
    track.ssrc = ssrc
    track.rtxSSRC = rtxSSRC
    let (count, octets, keys) = (packetCount, octetCount, keyframes)
    self = TrackSender(track, now: now, random: &random)
    (packetCount, octetCount, keyframes) = (count, octets, keys)
  }

  mutating func requestKeyframe() {
    keyframeRequests += 1
    wantsKeyframe = true
  }

  /// The packets of the next frame; moves `nextTime`.
  mutating func makeFrame(now: MediaInstant, random: inout SeededRandom) -> [Packet] {
    nextTime +=
      track.kind == .audio
      ? .milliseconds(Int64(packetTime))
      : MediaDuration(nanoseconds: 1_000_000_000 / Int64(max(frameRate, 1)))
    guard isActive, hasInput else { return [] }
    lastTimestamp = timestamp(at: now)
    for (number, sent) in history where now - sent.time > Self.historyAge { history[number] = nil }
    return track.kind == .audio ? makeAudio(now) : makeVideo(now, &random)
  }

  private mutating func makeAudio(_ now: MediaInstant) -> [Packet] {
    let length = max(bitrate * packetTime / 8000, 20)
    let payload = MarkedPayload(stream: track.stream, packet: packetCount).octets(length: length)
    return [emit(payload, marker: packetCount == 0, now)]
  }

  private mutating func makeVideo(_ now: MediaInstant, _ random: inout SeededRandom) -> [Packet] {
    // An encoder does not make keyframes back to back.
    let mayKey = lastKeyframe.map { now - $0 >= .milliseconds(100) } ?? true
    let isKey = wantsKeyframe && mayKey
    if isKey {
      wantsKeyframe = false
      lastKeyframe = now
      keyframes += 1
    }
    nextLayer(isKey)
    let whole = bitrate / 8 / max(frameRate, 1)
    let mean = whole * layerWeight / 100
    let size = isKey ? whole * 6 : mean / 2 + Int.random(in: 0...mean, using: &random)
    let count = max(1, (size + Self.packetLength - 1) / Self.packetLength)
    var packets: [Packet] = []
    for i in 0..<count {
      let length = min(Self.packetLength, max(size - i * Self.packetLength, 20))
      packets.append(emit(video(i, length, isKey), marker: i == count - 1, now))
    }
    pictureID = (pictureID + 1) & 0x7FFF
    if track.padding > 0, Double.random(in: 0..<1, using: &random) < track.padding {
      packets.append(makePadding(now))
    }
    return packets
  }

  /// Layer and Y bit of the frames of a cycle, as libvpx lays them.
  private static let cycle: [(id: UInt8, sync: Bool)] = [
    (0, false), (2, true), (1, true), (2, false), (0, false), (2, false), (1, false), (2, false),
  ]

  private mutating func nextLayer(_ isKey: Bool) {
    guard track.hasTemporalLayers else {
      tl0 &+= 1
      return
    }
    if isKey { phase = 0 }
    layer = Self.cycle[phase]
    phase = (phase + 1) % Self.cycle.count
    if layer.id == 0 { tl0 &+= 1 }
  }

  /// Percent of the mean frame: 40 % of the rate in the base layer, 60 % up to the second.
  private var layerWeight: Int {
    guard track.hasTemporalLayers else { return 100 }
    return layer.id == 0 ? 160 : 80
  }

  /// Descriptor with 15-bit picture id, TL0PICIDX and TID, then the payload header, then the mark.
  private func video(_ i: Int, _ length: Int, _ isKey: Bool) -> [UInt8] {
    let descriptor: [UInt8] = [
      0x80 | (i == 0 ? 0x10 : 0), 0xE0, 0x80 | UInt8(pictureID >> 8),
      UInt8(pictureID & 255), tl0, layer.id << 6 | (layer.sync ? 0x20 : 0),
    ]
    return descriptor + header(isStart: i == 0, isKey)
      + MarkedPayload(stream: track.stream, packet: packetCount).octets(length: length)
  }

  /// What stands for the VP8 payload header: one octet, or the frame header of a keyframe with its size
  /// (RFC 6386 section 9.1).
  private func header(isStart: Bool, _ isKey: Bool) -> [UInt8] {
    guard isStart, isKey, track.width > 0 else { return [isKey ? 0 : 1] }
    return [
      0, 0, 0, 0x9D, 0x01, 0x2A, UInt8(track.width & 255), UInt8(track.width >> 8),
      UInt8(track.height & 255), UInt8(track.height >> 8),
    ]
  }

  private mutating func makePadding(_ now: MediaInstant) -> Packet {
    var packet = Packet(
      payloadType: 96, ssrc: track.ssrc, sequence: sequence, timestamp: lastTimestamp,
      marker: false, payload: [])
    packet.padding = 200
    sequence &+= 1
    return packet
  }

  private mutating func emit(_ payload: [UInt8], marker: Bool, _ now: MediaInstant) -> Packet {
    let packet = Packet(
      payloadType: track.kind == .audio ? 111 : 96, ssrc: track.ssrc, sequence: sequence,
      timestamp: lastTimestamp, marker: marker, payload: payload)
    if track.rtxSSRC != nil {
      history[sequence] = Sent(
        sequence: sequence, timestamp: lastTimestamp, marker: marker, payload: payload, time: now)
    }
    sequence &+= 1
    packetCount += 1
    octetCount &+= UInt32(payload.count)
    return packet
  }

  /// The answer to one number of a NACK (RFC 4588).
  mutating func retransmission(of sequence: UInt16) -> Packet? {
    guard let rtx = track.rtxSSRC, let sent = history[sequence] else { return nil }
    defer { rtxSequence &+= 1 }
    resent += 1
    return Packet(
      payloadType: 97, ssrc: rtx, sequence: rtxSequence, timestamp: sent.timestamp,
      marker: sent.marker,
      payload: [UInt8(sequence >> 8), UInt8(sequence & 255)] + sent.payload)
  }
}

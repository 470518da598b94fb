import Testing
import Wire

@testable import Forwarding

/// A router with what it needs, and packets in and out as plain values.
final class RouterHarness {
  struct Out: Equatable {
    var destination: Int32
    var payloadType: UInt8
    var marker: Bool
    var sequence: UInt16
    var timestamp: UInt32
    var ssrc: UInt32
    var payload: [UInt8]
    var isRetransmission: Bool
    var isFirst: Bool
    var audioLevel: UInt8?
    var mid: String?

    /// Of an RTX packet.
    var original: UInt16 { UInt16(payload[0]) << 8 | UInt16(payload[1]) }

    var vp8: VP8Descriptor? { payload.withUnsafeBytes { VP8Descriptor($0) } }
  }

  static let opus = PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)
  static let vp8 = PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)
  static let h264 = PayloadBinding(
    codec: .h264(profile: 0x42E0, packetizationMode: 1), payloadType: 102, rtxPayloadType: 103)

  let arena: PacketArena
  let router: Router
  var out: ForwardedPackets
  var now = MediaInstant(nanoseconds: 1_000_000_000)
  var list = SequenceList(capacity: 64)

  init(limits: RouterLimits = RouterLimits(arenaReserve: 0), slots: Int = 2048, seed: UInt64 = 1) {
    arena = PacketArena(slotCount: slots)
    router = Router(limits: limits, arena: arena, seed: seed)
    out = ForwardedPackets(capacity: 1024, arena: arena)
  }

  func advance(_ milliseconds: Int64) { now += .milliseconds(milliseconds) }

  func publish(
    _ kind: MediaKind, payloads: [PayloadBinding]? = nil, ssrc: UInt32, muted: Bool = false
  ) throws -> PublicationHandle {
    var extensions = HeaderExtensionMap()
    extensions[.audioLevel] = 1
    extensions[.mid] = 4
    let handle = try router.addPublication(
      PublicationSettings(
        kind: kind, payloads: payloads ?? [kind == .audio ? Self.opus : Self.vp8],
        extensions: extensions, answersNACK: true, answersKeyframeRequests: kind == .video,
        muted: muted))
    router.setSource(handle, SSRC(ssrc), now: now)
    return handle
  }

  func subscribe(
    _ kind: MediaKind, to publication: PublicationHandle?, payloads: [PayloadBinding]? = nil,
    destination: Int32 = 0, ssrc: UInt32 = 9000, rtx: UInt32? = 9001
  ) throws -> SubscriptionHandle {
    var extensions = HeaderExtensionMap()
    extensions[.audioLevel] = 6
    extensions[.mid] = 7
    extensions[.transportWideCC] = 3
    let handle = try router.addSubscription(
      SubscriptionSettings(
        destination: destination, kind: kind, ssrc: SSRC(ssrc),
        rtxSSRC: kind == .video ? rtx.map { SSRC($0) } : nil,
        payloads: payloads ?? [kind == .audio ? Self.opus : Self.vp8], extensions: extensions,
        mid: MediaIdentificationTag("a")), continuing: nil)
    try router.bind(handle, to: publication, now: now, into: &out)
    return handle
  }

  @discardableResult
  func receive(
    _ publication: PublicationHandle, ssrc: UInt32, payloadType: UInt8, sequence: UInt16,
    timestamp: UInt32, payload: [UInt8], marker: Bool = false, padding: UInt8 = 0,
    audioLevel: UInt8? = nil
  ) throws -> Router.ReceiveOutcome {
    let slot = try #require(arena.allocate())
    let buffer = arena.buffer(slot)
    var writer = try #require(
      RTPHeaderWriter(
        into: buffer, payloadType: payloadType, marker: marker, sequenceNumber: sequence,
        timestamp: timestamp, ssrc: SSRC(ssrc)))
    if let audioLevel { writer.append(id: 1, audioLevel: audioLevel, voice: true) }
    let start = try some(writer.finish())
    payload.withUnsafeBytes { buffer.setBytes($0, at: start) }
    var length = start + payload.count
    if padding > 0 {
      for i in length..<(length + Int(padding)) { buffer[i] = 0 }
      length += Int(padding)
      buffer[length - 1] = padding
      buffer[0] |= 0x20
    }
    let packet = try #require(
      RTPPacket(UnsafeRawBufferPointer(rebasing: buffer[..<length])))
    return router.receive(slot, packet, of: publication, now: now, into: &out)
  }

  @discardableResult
  func audio(
    _ publication: PublicationHandle, _ sequence: UInt16, ssrc: UInt32 = 100,
    timestamp: UInt32? = nil
  ) throws -> Router.ReceiveOutcome {
    try receive(
      publication, ssrc: ssrc, payloadType: 111, sequence: sequence,
      timestamp: timestamp ?? UInt32(sequence) * 960, payload: [0x78, UInt8(sequence & 255)],
      audioLevel: 30)
  }

  /// A VP8 packet that is a whole frame.
  @discardableResult
  func video(
    _ publication: PublicationHandle, _ sequence: UInt16, key: Bool = false, ssrc: UInt32 = 200,
    picture: UInt16? = nil, tl0: UInt8? = nil, timestamp: UInt32? = nil
  ) throws -> Router.ReceiveOutcome {
    try receive(
      publication, ssrc: ssrc, payloadType: 96, sequence: sequence,
      timestamp: timestamp ?? UInt32(sequence) * 3000,
      payload: Self.frame(
        key: key, picture: picture ?? sequence & 0x7FFF, tl0: tl0 ?? UInt8(sequence & 255),
        mark: sequence), marker: true)
  }

  /// A retransmission of that packet.
  @discardableResult
  func videoAgain(
    _ publication: PublicationHandle, _ sequence: UInt16, key: Bool = false, rtx: UInt16
  ) throws -> Router.ReceiveOutcome {
    try receive(
      publication, ssrc: 201, payloadType: 97, sequence: rtx, timestamp: UInt32(sequence) * 3000,
      payload: [UInt8(sequence >> 8), UInt8(sequence & 255)]
        + Self.frame(
          key: key, picture: sequence & 0x7FFF, tl0: UInt8(sequence & 255), mark: sequence),
      marker: true)
  }

  static func frame(key: Bool, picture: UInt16, tl0: UInt8, mark: UInt16) -> [UInt8] {
    [
      0x90, 0xE0, 0x80 | UInt8(picture >> 8 & 0x7F), UInt8(picture & 255), tl0, 0x20, key ? 0 : 1,
      UInt8(mark >> 8), UInt8(mark & 255),
    ]
  }

  /// Takes what is to be sent and gives the slots back.
  func sent() throws -> [Out] {
    var result: [Out] = []
    for packet in Array(out.packets) {
      let bytes = UnsafeRawBufferPointer(
        rebasing: UnsafeRawBufferPointer(arena.buffer(packet.slot))[..<Int(packet.length)])
      let header = try #require(RTPPacket(bytes))
      result.append(
        Out(
          destination: packet.destination, payloadType: header.payloadType, marker: header.marker,
          sequence: header.sequenceNumber, timestamp: header.timestamp,
          ssrc: header.ssrc.rawValue, payload: Array(bytes[header.payloadRange]),
          isRetransmission: packet.isRetransmission, isFirst: packet.isFirst,
          audioLevel: header.audioLevel(id: 6, in: bytes)?.level,
          mid: header.identificationTag(id: 7, in: bytes)?.text))
      arena.release(packet.slot)
    }
    out.removeAllKeepingSlots()
    return result
  }

  /// What the publisher is asked for now.
  func feedback(_ publication: PublicationHandle) -> (nacks: [UInt16], keyframe: Bool) {
    list.removeAll()
    let request = router.collectFeedback(of: publication, now: now, roundTrip: nil, into: &list)
    return (Array(list.values), request != nil)
  }

  func resend(
    _ sequence: UInt16, _ subscription: SubscriptionHandle, isPathFree: Bool = true
  ) -> Router.ResendOutcome {
    router.resend(
      sequence, on: subscription, now: now, roundTrip: nil, isPathFree: isPathFree, into: &out)
  }
}

/// `#require` for expressions that mutate, which the macro does not take.
func some<Value>(_ value: consuming Value?) throws -> Value {
  try #require(value)
}

/// Evaluates an expression that mutates before `#expect` sees it.
func value<Value>(_ value: Value) -> Value { value }

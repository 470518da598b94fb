import Wire

@testable import Forwarding

/// One encoding of a camera in the shape of VP8 with three temporal layers: what its packets hold, and
/// which pictures a decoder needs before each.
struct LayeredEncoder {
  /// Names a picture of any encoding.
  struct Picture: Hashable {
    var stream: UInt8
    var number: UInt16
  }

  struct Packet {
    var picture: Picture
    var sequence: UInt16
    var timestamp: UInt32
    var payload: [UInt8]
    var marker: Bool
  }

  static let ticks: UInt32 = 3000
  /// Layer and Y bit of the frames of a cycle.
  private static let pattern: [(layer: UInt8, sync: Bool)] = [
    (0, false), (2, true), (1, true), (2, false), (0, false), (2, false), (1, false), (2, false),
  ]

  let stream: UInt8
  let ssrc: UInt32
  /// What its RTP clock shows where that of the camera shows zero.
  let clock: UInt32
  let packetsPerFrame: Int
  private(set) var needs: [Picture: [Picture]] = [:]
  private(set) var layers: [Picture: UInt8] = [:]
  private var number: UInt16 = 0
  private var sequence: UInt16
  private var pictureID: UInt16
  private var tl0: UInt8
  private var phase = 0
  private var last: [Picture?] = [nil, nil, nil]
  var wantsKeyframe = true

  init(stream: UInt8, ssrc: UInt32, packetsPerFrame: Int, random: inout SeededRandom) {
    self.stream = stream
    self.ssrc = ssrc
    self.packetsPerFrame = packetsPerFrame
    clock = UInt32.random(in: 0...UInt32.max, using: &random)
    sequence = UInt16.random(in: 0...UInt16.max, using: &random)
    pictureID = UInt16.random(in: 0...0x7FFF, using: &random)
    tl0 = UInt8.random(in: 0...255, using: &random)
  }

  /// - Parameter tick: of the camera, counted in frames.
  mutating func frame(at tick: UInt32) -> [Packet] {
    let picture = Picture(stream: stream, number: number)
    number &+= 1
    pictureID = (pictureID &+ 1) & 0x7FFF
    let isKey = wantsKeyframe
    if isKey {
      phase = 0
      last = [nil, nil, nil]
      wantsKeyframe = false
    }
    let (layer, sync) = Self.pattern[phase]
    phase = (phase + 1) % Self.pattern.count
    if layer == 0 { tl0 &+= 1 }
    var need: [Picture] = []
    if !isKey {
      let highest = sync || layer == 0 ? 0 : Int(layer)
      for i in 0...highest { if let known = last[i] { need.append(known) } }
    }
    needs[picture] = need
    layers[picture] = layer
    last[Int(layer)] = picture
    return (0..<packetsPerFrame).map { i in
      defer { sequence &+= 1 }
      let start: UInt8 = i == 0 ? 0x10 : 0
      return Packet(
        picture: picture, sequence: sequence, timestamp: clock &+ tick &* Self.ticks,
        payload: [
          0x80 | start, 0xE0, 0x80 | UInt8(pictureID >> 8), UInt8(pictureID & 255), tl0,
          layer << 6 | (sync ? 0x20 : 0), isKey ? 0 : 1, stream, UInt8(picture.number >> 8),
          UInt8(picture.number & 255), UInt8(i),
        ],
        marker: i == packetsPerFrame - 1)
    }
  }
}

/// The far end: what came, by sequence number, and what a decoder can make of it.
struct LayeredViewer {
  struct Frame {
    var picture: LayeredEncoder.Picture
    var pictureID: UInt16
    var tl0: UInt8
    var layer: UInt8
    var timestamp: UInt32
    var isKey: Bool
    var packets: Int
    var sequence: Int64
  }

  /// In the order of their sequence numbers.
  private(set) var frames: [Frame] = []
  private(set) var sequences: Set<Int64> = []
  private(set) var duplicates = 0
  private(set) var empty = 0
  private var unwrapper = SequenceUnwrapper()
  private var places: [LayeredEncoder.Picture: Int] = [:]

  mutating func take(_ packet: RouterHarness.Out) {
    let sequence = unwrapper.unwrap(packet.sequence)
    if !sequences.insert(sequence).inserted { duplicates += 1 }
    guard packet.payload.count >= 11 else {
      empty += 1
      return
    }
    guard let vp8 = packet.vp8 else { return }
    let body = packet.payload[vp8.length...].map { $0 }
    let picture = LayeredEncoder.Picture(
      stream: body[1], number: UInt16(body[2]) << 8 | UInt16(body[3]))
    if let place = places[picture] {
      frames[place].packets += 1
      return
    }
    places[picture] = frames.count
    frames.append(
      Frame(
        picture: picture, pictureID: vp8.pictureID ?? 0, tl0: vp8.tl0PicIdx ?? 0,
        layer: vp8.temporalID ?? 0, timestamp: packet.timestamp, isKey: body[0] & 1 == 0,
        packets: 1, sequence: sequence))
  }

  var isContinuous: Bool {
    guard let first = sequences.min(), let last = sequences.max() else { return true }
    return last - first + 1 == Int64(sequences.count)
  }
}

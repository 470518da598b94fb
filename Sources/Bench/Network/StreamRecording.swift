internal import Wire

/// One track at one receiver, for whoever judges it afterwards; kept by the media thread.
final class StreamRecording {
  /// Ten minutes of sound; what comes later is not judged.
  static let capacity = 30_000

  let receiver: Int
  let isVideo: Bool
  var sourceTag: UInt32?
  private var heard: Set<Int64> = []
  private(set) var sound: [PlayoutModel.Arrival] = []
  private(set) var picture = FrameJudge()
  /// Retransmissions of what was asked for, and of what never was: probes of the path.
  private(set) var resent = 0
  private(set) var unasked = 0
  private var asked: Set<Int64> = []
  /// Octets of RTP, with retransmissions, and when the last packet came.
  private(set) var octets = 0
  private(set) var lastArrival: MediaInstant?

  init(receiver: Int, isVideo: Bool) {
    self.receiver = receiver
    self.isVideo = isVideo
  }

  /// A packet of sound by its own way, again, or within another.
  func note(sound stamp: PayloadStamp, at now: MediaInstant) {
    let index = Int64(stamp.index)
    guard sound.count < Self.capacity, heard.insert(index).inserted else { return }
    sound.append(.init(index: index, sent: stamp.sent, arrived: now))
  }

  func note(picture packet: FrameJudge.Packet, at now: MediaInstant) {
    lastArrival = now
    picture.note(packet, at: now)
  }

  func note(octets: Int) { self.octets += octets }

  func note(asked sequenceNumbers: [UInt16], near highest: Int64) {
    if asked.count > 4096 { asked.removeAll() }
    for number in sequenceNumbers { asked.insert(Self.extend(number, near: highest)) }
  }

  func note(retransmissionOf number: UInt16, near highest: Int64) {
    if asked.contains(Self.extend(number, near: highest)) { resent += 1 } else { unasked += 1 }
  }

  private static func extend(_ number: UInt16, near highest: Int64) -> Int64 {
    highest &+ Int64(Int16(truncatingIfNeeded: Int64(number) &- highest))
  }

  /// Packets come, but for so long no picture could be made of them.
  func isStuck(at now: MediaInstant) -> Bool {
    guard isVideo, let lastArrival, now - lastArrival < .seconds(1),
      let last = picture.pictures.last
    else { return false }
    return now - last.ready >= .seconds(3)
  }
}

/// The same for other threads.
struct StreamRecord: Sendable {
  var receiver: Int
  /// `nil` when nobody knows whose it was: nothing came.
  var sender: Int?
  var isVideo: Bool
  var sound: [PlayoutModel.Arrival]
  var pictures: [FrameJudge.Picture]
  var resent: Int
  var unasked: Int
  var octets: Int

  var shown: [MediaInstant] { PictureFlow.shown(pictures) }
}

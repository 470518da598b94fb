public import Wire

/// What one participant sends, as a WebM file: VP8 and Opus as they come, on one time line that begins with the
/// recording and goes on where nothing comes. Sans-IO and confined.
///
/// What it makes comes in pieces. Each has a header of the whole file up to there, so that the header of the last
/// piece that was kept, and the contents of all of them, are a file.
public final class WebMRecording {
  public struct Piece: Hashable, Sendable {
    public var header: [UInt8]
    /// Whole blocks; of the last piece perhaps none.
    public var body: [UInt8]
    /// How long the recording is with it, milliseconds.
    public var duration: Int64
  }

  /// What is not in a piece yet is lost with the process.
  public static let pieceSpan = MediaDuration.milliseconds(500)
  /// Octets from which on a piece does not wait for its time.
  public static let pieceSize = 256 << 10

  private let began: MediaInstant
  private var writer = WebMWriter()
  private var contents = WebMWriter.Contents(picture: nil, channels: nil)
  private var sound: Sound?
  private var pictures: Pictures?
  private var body: [UInt8] = []
  private var bodySince: MediaInstant?
  /// Times of the last block of each track, milliseconds.
  private var lastSound: Int64 = -1
  private var lastPicture: Int64 = -1

  private struct Sound {
    var reader: RTPMediaReader
    var packets = OpusReordering()
    var clock = RecordingClock(clockRate: 48_000)
  }

  private struct Pictures {
    var reader: RTPMediaReader
    var frames = VP8FrameAssembler()
    /// One for each encoding, which is a stream of its own.
    var clocks = [RecordingClock](repeating: RecordingClock(clockRate: 90_000), count: 4)
    var encoding = 0
  }

  /// - Parameter began: 0 of the time line.
  public init(began: MediaInstant) { self.began = began }

  // MARK: What comes

  /// Sound comes from another publication from now on; `nil`: from none.
  public func beginSound(_ bindings: [PayloadBinding]?) {
    drain(now: .init(nanoseconds: .max))
    sound = bindings.map { Sound(reader: RTPMediaReader(bindings: $0)) }
  }

  public func beginPictures(_ bindings: [PayloadBinding]?) {
    pictures = bindings.map { Pictures(reader: RTPMediaReader(bindings: $0)) }
  }

  /// Nothing can be recorded of the picture before its publisher sends a keyframe.
  public var wantsKeyframe: Bool { pictures?.frames.wantsKeyframe ?? false }

  /// What a sender report says; see `RecordingClock`.
  public func noteSound(_ timestamp: UInt32, at instant: MediaInstant, source: SSRC) {
    sound?.clock.note(timestamp, at: instant, source: source)
  }

  public func notePictures(
    _ timestamp: UInt32, at instant: MediaInstant, source: SSRC, encoding: UInt8
  ) {
    pictures?.clocks[Int(encoding & 3)].note(timestamp, at: instant, source: source)
  }

  /// Packets of the picture were dropped before they came here.
  public func noteOverload() { pictures?.frames.restart() }

  public func receiveSound(_ octets: UnsafeRawBufferPointer, arrival: MediaInstant) {
    guard let packet = sound?.reader.read(octets), packet.codec == .opus else { return }
    if packet.beginsStream { sound?.packets.restart() }
    guard !packet.payload.isEmpty else { return }
    sound?.packets.insert(
      timestamp: packet.timestamp, payload: octets.slice(packet.payload), now: arrival)
  }

  /// - Parameter encoding: which one of a simulcast publication; one at a time.
  public func receivePictures(
    _ octets: UnsafeRawBufferPointer, encoding: UInt8, arrival: MediaInstant
  ) {
    guard let packet = pictures?.reader.read(octets), packet.codec == .vp8 else { return }
    if packet.beginsStream { pictures?.frames.restart() }
    pictures?.encoding = Int(encoding & 3)
    pictures?.frames.insert(
      sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp, marker: packet.marker,
      payload: octets.slice(packet.payload), now: arrival)
    write(now: arrival)
  }

  // MARK: What is made of it

  /// What is due; every few milliseconds.
  /// - Returns: a piece, when it is time for one.
  public func run(now: MediaInstant) -> Piece? {
    drain(now: now)
    write(now: now)
    guard let since = bodySince,
      now - since >= Self.pieceSpan || body.count >= Self.pieceSize
    else { return nil }
    return piece()
  }

  /// The rest, when it is over, with a header that tells where things are; `nil`: there is nothing at all.
  public func finish() -> Piece? {
    drain(now: .init(nanoseconds: .max))
    return lastSound < 0 && lastPicture < 0 ? nil : piece(isLast: true)
  }

  private func piece(isLast: Bool = false) -> Piece {
    defer {
      body = []
      bodySince = nil
    }
    // To the end of the last packet or frame, as far as that is known.
    let duration = max(lastSound + 20, lastPicture + 33)
    contents.duration = duration
    return Piece(
      header: writer.header(contents, isLast: isLast), body: body, duration: duration)
  }

  private func drain(now: MediaInstant) {
    while let packet = sound?.packets.next(now: now) {
      let channels = packet.isStereo ? 2 : 1
      contents.channels = max(contents.channels ?? 1, channels)
      let source = sound?.reader.source
      let instant =
        sound?.clock.instant(of: packet.timestamp, source: source, arrival: packet.arrival)
        ?? packet.arrival
      let time = max((instant - began).milliseconds, lastSound + 1)
      guard append(.audio, at: time, isKeyframe: true, packet.octets, packet.arrival) else {
        continue
      }
      lastSound = time
    }
  }

  private func write(now: MediaInstant) {
    while let frame = pictures?.frames.next(now: now) {
      guard let place = pictures?.encoding else { return }
      if frame.isKeyframe { noteSize(of: frame) }
      // A file begins with something that can be shown.
      guard contents.picture != nil else { continue }
      let source = pictures?.reader.source
      let instant =
        pictures?.clocks[place].instant(of: frame.timestamp, source: source, arrival: now) ?? now
      let time = max((instant - began).milliseconds, lastPicture + 1)
      guard append(.video, at: time, isKeyframe: frame.isKeyframe, frame.octets, now) else {
        continue
      }
      lastPicture = time
    }
  }

  private func noteSize(of frame: VP8Frame) {
    guard let header = frame.octets.withUnsafeBytes({ VP8FrameHeader($0) }), header.isKeyframe
    else { return }
    let largest = contents.picture ?? .init(width: 0, height: 0)
    contents.picture = .init(
      width: max(largest.width, header.width), height: max(largest.height, header.height))
  }

  private func append(
    _ track: WebMWriter.Track, at time: Int64, isKeyframe: Bool, _ octets: [UInt8],
    _ now: MediaInstant
  ) -> Bool {
    let written = writer.block(track, at: max(time, 0), isKeyframe: isKeyframe, octets)
    guard !written.isEmpty else { return false }
    if bodySince == nil { bodySince = now }
    body += written
    return true
  }
}

import Foundation
import Testing
import Wire

@testable import Transcoding

@Suite struct WebMRecordingTests {
  private static let opus = [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)]
  private static let vp8 = [PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: 97)]
  private static let epoch = MediaInstant(nanoseconds: 5_000_000_000)
  private static let soundStart: UInt32 = 0xFFFF_F000
  private static let pictureStart: UInt32 = 77_000

  /// A publisher: what it captured at a millisecond of the recording, as packets.
  private final class Publisher {
    private let video: VP8Encoder
    private let audio: OpusEncoder
    private var packetizer = VP8Packetizer(maximumPayload: 900, firstPictureID: 0)
    private var pictureNumber: UInt16 = 65_500
    private var soundNumber: UInt16 = 9

    init(width: Int = 160) throws {
      video = try VP8Encoder(.init(width: width, height: 96, bitrate: 200_000))
      audio = try OpusEncoder(channels: 1, use: .sound, bitrate: 32_000)
    }

    func sound(at milliseconds: Int64) throws -> [UInt8] {
      let packet = try audio.encode((0..<960).map { ($0 / 24) % 2 == 0 ? 0.2 : -0.2 })
      soundNumber &+= 1
      return WebMRecordingTests.packet(
        111, soundNumber, soundStart &+ UInt32(milliseconds * 48), SSRC(1), true, packet)
    }

    func picture(
      _ number: Int, at milliseconds: Int64, isKeyframe: Bool = false, ssrc: SSRC = SSRC(2)
    ) throws -> [[UInt8]] {
      let picture = Signals.pattern(number, width: video.settings.width, height: 96)
      let frame = try #require(
        try video.encode(picture, timestamp: milliseconds * 90, isKeyframe: isKeyframe))
      let payloads = packetizer.packetize(frame, isDiscardable: false)
      return payloads.enumerated().map { place, payload in
        pictureNumber &+= 1
        return WebMRecordingTests.packet(
          96, pictureNumber, pictureStart &+ UInt32(milliseconds * 90), ssrc,
          place == payloads.count - 1, payload)
      }
    }
  }

  private static func packet(
    _ type: UInt8, _ number: UInt16, _ timestamp: UInt32, _ ssrc: SSRC, _ marker: Bool,
    _ payload: [UInt8]
  ) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: 12)
    octets.withUnsafeMutableBytes { buffer in
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: type, marker: marker, sequenceNumber: number,
        timestamp: timestamp, ssrc: ssrc)
      _ = writer?.finish()
    }
    return octets + payload
  }

  private static func instant(_ milliseconds: Int64) -> MediaInstant {
    epoch + .milliseconds(milliseconds)
  }

  private static func file(_ pieces: [WebMRecording.Piece]) -> [UInt8] {
    (pieces.last?.header ?? []) + pieces.flatMap(\.body)
  }

  @Test("sound and picture of one moment stand together, however late one of them came")
  func together() throws {
    let recording = WebMRecording(began: Self.epoch)
    recording.beginSound(Self.opus)
    recording.beginPictures(Self.vp8)
    recording.noteSound(Self.soundStart, at: Self.instant(0), source: SSRC(1))
    recording.notePictures(Self.pictureStart, at: Self.instant(0), source: SSRC(2), encoding: 0)
    let publisher = try Publisher()
    var pieces: [WebMRecording.Piece] = []
    // Pictures take 300 ms longer.
    var late: [(at: Int64, octets: [UInt8])] = []
    for now in stride(from: Int64(20), to: 6_000, by: 20) {
      try publisher.sound(at: now).withUnsafeBytes {
        recording.receiveSound($0, arrival: Self.instant(now + 30))
      }
      if now % 40 == 0, now < 5_600 {
        late += try publisher.picture(Int(now / 40), at: now).map { (now + 300, $0) }
      }
      while let first = late.first, first.at <= now {
        first.octets.withUnsafeBytes {
          recording.receivePictures($0, encoding: 0, arrival: Self.instant(first.at))
        }
        late.removeFirst()
      }
      if let piece = recording.run(now: Self.instant(now)) { pieces.append(piece) }
    }
    if let piece = recording.finish() { pieces.append(piece) }
    #expect(pieces.count > 8 && pieces.allSatisfy { !$0.body.isEmpty })
    let tracks = try Probe(Self.file(pieces))
    let (sound, pictures) = (tracks["opus"], tracks["vp8"])
    #expect(sound.count == 299 && pictures.count == 139)
    // Pre-skip of 6.5 ms is taken off sound; each time is what it was captured at.
    for (place, time) in sound.enumerated().dropFirst() {
      #expect(abs(time - (Double(place + 1) * 20 - 6.5)) < 1.6, "\(place): \(time)")
    }
    for (place, time) in pictures.enumerated() {
      #expect(abs(time - Double(place + 1) * 40) < 1.1, "\(place): \(time)")
    }
    #expect(abs(tracks.duration - 6_000) < 50)
  }

  @Test("an outage is a gap on the time line, and what comes after it is where it belongs")
  func outage() throws {
    let recording = WebMRecording(began: Self.epoch)
    recording.beginSound(Self.opus)
    recording.beginPictures(Self.vp8)
    let publisher = try Publisher()
    var pieces: [WebMRecording.Piece] = []
    // Without reports: by arrival alone.
    for now in stride(from: Int64(0), to: 10_000, by: 20) {
      if !(2_000..<7_000).contains(now) {
        try publisher.sound(at: now).withUnsafeBytes {
          recording.receiveSound($0, arrival: Self.instant(now))
        }
        if now % 40 == 0 {
          let packets = try publisher.picture(
            Int(now / 40), at: now, isKeyframe: now == 7_000)
          for packet in packets {
            packet.withUnsafeBytes {
              recording.receivePictures($0, encoding: 0, arrival: Self.instant(now))
            }
          }
        }
      }
      if let piece = recording.run(now: Self.instant(now)) { pieces.append(piece) }
    }
    if let piece = recording.finish() { pieces.append(piece) }
    let tracks = try Probe(Self.file(pieces))
    for track in ["opus", "vp8"] {
      let times = tracks[track]
      #expect(!times.contains { (2_050..<6_950).contains($0) })
      #expect(times.contains { (6_990..<7_050).contains($0) }, "\(track)")
      let last = try #require(times.last)
      #expect(abs(last - 9_970) < 40)
    }
  }

  @Test("what is missing is waited for and put in its place; what never comes is a gap of its own")
  func order() throws {
    let recording = WebMRecording(began: Self.epoch)
    recording.beginSound(Self.opus)
    let publisher = try Publisher()
    var packets: [[UInt8]] = []
    for now in stride(from: Int64(0), to: 1_000, by: 20) {
      packets.append(try publisher.sound(at: now))
    }
    // The tenth comes with the fifteenth, the thirtieth never.
    let tenth = packets.remove(at: 10)
    packets.insert(tenth, at: 15)
    packets.remove(at: 30)
    var pieces: [WebMRecording.Piece] = []
    for (place, packet) in packets.enumerated() {
      let now = Self.instant(Int64(place) * 20)
      packet.withUnsafeBytes { recording.receiveSound($0, arrival: now) }
      // Twice is once.
      packet.withUnsafeBytes { recording.receiveSound($0, arrival: now) }
      if let piece = recording.run(now: now) { pieces.append(piece) }
    }
    if let piece = recording.finish() { pieces.append(piece) }
    let times = try Probe(Self.file(pieces))["opus"]
    #expect(times.count == 49 && times == times.sorted())
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }.filter { $0 > 25 }
    #expect(gaps.count == 1 && abs(gaps[0] - 40) < 2)
  }

  @Test("of sound with redundancy (RED) what is new is recorded, octet by octet, and once")
  func redundancy() throws {
    let recording = WebMRecording(began: Self.epoch)
    recording.beginSound(
      Self.opus + [PayloadBinding(codec: .red, payloadType: 63, rtxPayloadType: nil)])
    let audio = try OpusEncoder(channels: 1, use: .sound, bitrate: 32_000)
    var sent: [[UInt8]] = []
    for place in 0..<50 {
      sent.append(
        try audio.encode((0..<960).map { (($0 + place * 7) / 24) % 2 == 0 ? 0.2 : -0.2 }))
      // RFC 2198 section 3: one block of 20 ms before, then the new one.
      var payload: [UInt8] = [111]
      if place > 0 {
        let former = sent[place - 1]
        let word = 960 << 10 | former.count
        payload = [0x80 | 111] + [16, 8, 0].map { UInt8(word >> $0 & 0xFF) } + [111] + former
      }
      let now = Int64(place) * 20
      Self.packet(
        63, UInt16(place), Self.soundStart &+ UInt32(now * 48), SSRC(1), true,
        payload + sent[place]
      ).withUnsafeBytes { recording.receiveSound($0, arrival: Self.instant(now)) }
    }
    let piece = try #require(recording.finish())
    var reader = WebMReader()
    reader.push(piece.header + piece.body)
    var found: [[UInt8]] = []
    while let block = try reader.next() { found.append(block.octets) }
    #expect(found == sent)
  }

  @Test("another encoding of another size goes on in the same file, at its keyframe")
  func size() throws {
    let recording = WebMRecording(began: Self.epoch)
    recording.beginPictures(Self.vp8)
    var pieces: [WebMRecording.Piece] = []
    for (encoding, width) in [(UInt8(0), 96), (1, 160)] {
      let publisher = try Publisher(width: width)
      for place in 0..<25 {
        let now = Int64(encoding) * 1000 + Int64(place) * 40
        let packets = try publisher.picture(
          place, at: now, ssrc: SSRC(UInt32(encoding) + 5))
        for packet in packets {
          packet.withUnsafeBytes {
            recording.receivePictures($0, encoding: encoding, arrival: Self.instant(now))
          }
        }
        if let piece = recording.run(now: Self.instant(now)) { pieces.append(piece) }
      }
    }
    if let piece = recording.finish() { pieces.append(piece) }
    let tracks = try Probe(Self.file(pieces))
    #expect(tracks["vp8"].count == 50 && tracks["opus"].isEmpty)
    #expect(tracks.width == 160)
    #expect(abs(tracks.duration - 1_993) < 5)
  }

  @Test("nothing is written of a picture before its first keyframe, and it is asked for")
  func keyframe() throws {
    let recording = WebMRecording(began: Self.epoch)
    recording.beginPictures(Self.vp8)
    let publisher = try Publisher()
    _ = try publisher.picture(0, at: 0)
    for place in 1..<20 {
      for packet in try publisher.picture(place, at: Int64(place) * 40) {
        packet.withUnsafeBytes {
          recording.receivePictures($0, encoding: 0, arrival: Self.instant(Int64(place) * 40))
        }
      }
    }
    #expect(recording.wantsKeyframe && recording.finish() == nil)
    for packet in try publisher.picture(20, at: 800, isKeyframe: true) {
      packet.withUnsafeBytes {
        recording.receivePictures($0, encoding: 0, arrival: Self.instant(800))
      }
    }
    #expect(!recording.wantsKeyframe && recording.finish() != nil)
  }
}

/// What ffprobe says of a file: times of packets in milliseconds, by codec.
private struct Probe {
  var duration = 0.0
  var width = 0
  private var times: [String: [Double]] = [:]

  subscript(codec: String) -> [Double] { times[codec] ?? [] }

  init(_ octets: [UInt8]) throws {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID()).webm"
    try Data(octets).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "ffprobe", "-v", "error", "-show_entries",
      "packet=stream_index,pts_time:stream=index,codec_name,width:format=duration", "-of", "json",
      path,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    struct Report: Decodable {
      struct Packet: Decodable {
        var stream_index: Int
        var pts_time: String?
      }
      struct Stream: Decodable {
        var index: Int
        var codec_name: String
        var width: Int?
      }
      struct Format: Decodable { var duration: String? }
      var packets: [Packet]
      var streams: [Stream]
      var format: Format
    }
    let report = try JSONDecoder().decode(Report.self, from: text)
    for stream in report.streams {
      times[stream.codec_name] = report.packets.filter { $0.stream_index == stream.index }
        .compactMap { $0.pts_time.flatMap(Double.init).map { $0 * 1000 } }
      width = max(width, stream.width ?? 0)
    }
    duration = (report.format.duration.flatMap(Double.init) ?? 0) * 1000
  }
}

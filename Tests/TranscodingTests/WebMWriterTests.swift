import Foundation
import Testing
import Transcoding

@Suite struct WebMWriterTests {
  /// Five seconds: a pattern at 30 frames a second, a keyframe each second, and a tone.
  private static func recording() throws -> (octets: [UInt8], frames: Int) {
    let video = try VP8Encoder(.init(width: 160, height: 96, bitrate: 200_000))
    let audio = try OpusEncoder(channels: 1, use: .sound, bitrate: 32_000)
    let tone = Signals.tone(1000, amplitude: 0.2, count: 48_000 * 5)
    var writer = WebMWriter()
    var octets = writer.header(
      .init(picture: .init(width: 160, height: 96), channels: 1))
    var frames = 0
    var heard = 0
    for i in 0..<150 {
      let now = Int64(i) * 1000 / 30
      while heard * 20 <= now, heard < 250 {
        let packet = try audio.encode(Array(tone[(heard * 960)..<(heard * 960 + 960)]))
        octets += writer.block(.audio, at: Int64(heard) * 20, isKeyframe: true, packet)
        heard += 1
      }
      let picture = Signals.pattern(i, width: 160, height: 96)
      let frame = try video.encode(picture, timestamp: Int64(i) * 3000, isKeyframe: i % 30 == 0)
      guard let frame else { continue }
      frames += 1
      let isKeyframe = frame.withUnsafeBytes { VP8FrameHeader($0)?.isKeyframe } ?? false
      octets += writer.block(.video, at: now, isKeyframe: isKeyframe, frame)
    }
    return (octets, frames)
  }

  /// What ffprobe says of each track: codec, packets that were read, the time of the last.
  private static func probe(
    _ octets: [UInt8]
  ) throws -> [String: (codec: String, packets: Int, last: Double)] {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID()).webm"
    try Data(octets).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "ffprobe", "-v", "error", "-show_entries",
      "packet=codec_type,pts_time:stream=codec_type,codec_name", "-of", "json", path,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    struct Report: Decodable {
      struct Packet: Decodable {
        var codec_type: String
        var pts_time: String?
      }
      struct Stream: Decodable {
        var codec_type: String
        var codec_name: String
      }
      var packets: [Packet]
      var streams: [Stream]
    }
    let report = try JSONDecoder().decode(Report.self, from: text)
    var tracks: [String: (codec: String, packets: Int, last: Double)] = [:]
    for stream in report.streams {
      let packets = report.packets.filter { $0.codec_type == stream.codec_type }
      let last = packets.last?.pts_time.flatMap(Double.init) ?? -1
      tracks[stream.codec_type] = (stream.codec_name, packets.count, last)
    }
    return tracks
  }

  @Test("ffprobe finds every frame of both tracks, at its time")
  func whole() throws {
    let (octets, frames) = try Self.recording()
    let tracks = try Self.probe(octets)
    let (video, audio) = (try #require(tracks["video"]), try #require(tracks["audio"]))
    #expect(video.codec == "vp8" && audio.codec == "opus")
    #expect(video.packets == frames && frames > 120 && audio.packets == 249)
    #expect(abs(video.last - 149.0 / 30) < 0.04)
    // The codec's own delay is taken off.
    #expect(abs(audio.last - 4.96) < 0.02)
  }

  @Test("a file that ends anywhere is played up to there", arguments: [0.3, 0.55, 0.9, 0.999])
  func cut(part: Double) throws {
    let (octets, frames) = try Self.recording()
    let tracks = try Self.probe(Array(octets.prefix(Int(Double(octets.count) * part))))
    let video = try #require(tracks["video"])
    #expect(video.packets > Int(Double(frames) * part) - 25 && video.packets <= frames)
    #expect((tracks["audio"]?.packets ?? 0) > Int(250 * part) - 45)
  }
}

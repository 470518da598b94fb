import Foundation
import Testing
import Wire

@testable import Transcoding

@Suite("A recording as one file")
struct RecordingMixTests {
  private static let opus = [PayloadBinding(codec: .opus, payloadType: 111, rtxPayloadType: nil)]
  private static let vp8 = [PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: nil)]

  /// One participant: a tone, silent where the test says so, and a picture that turns white with `flash`.
  private struct Person {
    var hertz: Double
    var speaks: ClosedRange<Int64>
    /// Packets of sound that are lost.
    var lost: Set<Int64> = []
    var hasPicture = true
    /// Parts in a million by which the clock of the sound runs too fast.
    var haste: Int64 = 0
  }

  private static func packet(
    _ type: UInt8, _ number: UInt16, _ timestamp: UInt32, _ ssrc: UInt32, _ payload: [UInt8]
  ) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: 12)
    octets.withUnsafeMutableBytes { buffer in
      var writer = RTPHeaderWriter(
        into: buffer, payloadType: type, marker: true, sequenceNumber: number,
        timestamp: timestamp, ssrc: SSRC(ssrc))
      _ = writer?.finish()
    }
    return octets + payload
  }

  /// Its recording of so many milliseconds, in pieces of a file.
  private static func file(_ person: Person, _ length: Int64) throws -> [[UInt8]] {
    let recording = WebMRecording(began: at(0))
    recording.beginSound(opus)
    if person.hasPicture { recording.beginPictures(vp8) }
    recording.noteSound(0, at: at(0), source: SSRC(1))
    recording.notePictures(0, at: at(0), source: SSRC(2), encoding: 0)
    let audio = try OpusEncoder(channels: 1, use: .sound, bitrate: 64_000)
    let video = try VP8Encoder(.init(width: 96, height: 64, bitrate: 100_000))
    var packetizer = VP8Packetizer(maximumPayload: 1_100, firstPictureID: 0)
    var pieces: [WebMRecording.Piece] = []
    var number: UInt16 = 0
    var pictureNumber: UInt16 = 0
    for now in stride(from: Int64(0), to: length, by: 20) {
      let tone = (0..<960).map { place -> Float in
        let sample = now * 48 + Int64(place)
        guard person.speaks.contains(sample / 48) else { return 0 }
        return Float(0.2 * sin(2 * Double.pi * person.hertz * Double(sample) / 48_000))
      }
      let sound = try audio.encode(tone)
      number &+= 1
      // A clock that runs away: reports keep it on ours.
      let timestamp = UInt32(now * 48 + now * 48 * person.haste / 1_000_000)
      if now % 1_000 == 0 { recording.noteSound(timestamp, at: at(now), source: SSRC(1)) }
      if !person.lost.contains(now) {
        packet(111, number, timestamp, 1, sound).withUnsafeBytes {
          recording.receiveSound($0, arrival: at(now + 40))
        }
      }
      if person.hasPicture, now % 40 == 0 {
        let luma: UInt8 = person.speaks.contains(now) ? 235 : 16
        let picture = I420Picture(width: 96, height: 64, luma: luma, chroma: 128)
        if let frame = try video.encode(picture, timestamp: now * 90, isKeyframe: now % 2_000 == 0)
        {
          for payload in packetizer.packetize(frame, isDiscardable: false) {
            packet(96, pictureNumber, UInt32(now * 90), 2, payload).withUnsafeBytes {
              recording.receivePictures($0, encoding: 0, arrival: at(now + 40))
            }
            pictureNumber &+= 1
          }
        }
      }
      if let piece = recording.run(now: at(now + 40)) { pieces.append(piece) }
    }
    if let piece = recording.finish() { pieces.append(piece) }
    return [pieces.last?.header ?? []] + pieces.map(\.body)
  }

  private static func mix(_ files: [[[UInt8]]]) throws -> [UInt8] {
    let mix = try RecordingMix(files.indices.map { "p\($0)" })
    var places = files.map { _ in 0 }
    var octets: [UInt8] = []
    while true {
      while let file = mix.needs {
        guard places[file] < files[file].count else {
          mix.end(file)
          continue
        }
        try mix.push(files[file][places[file]], to: file)
        places[file] += 1
      }
      if mix.isOver { return octets }
      octets += mix.next()
    }
  }

  /// What a program finds in a file: `arguments` behind its name.
  private static func run(_ program: String, on octets: [UInt8], _ arguments: [String]) throws
    -> Data
  {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID()).webm"
    try Data(octets).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // Else it moves the beginning of sound, before the first sample that is heard, to 0.
    let times = program == "ffmpeg" ? ["-copyts"] : []
    process.arguments = [program, "-v", "error"] + times + ["-i", path] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return data
  }

  /// Its sound at 48 kHz, where gaps are silence: a place is a time.
  private static func sound(_ octets: [UInt8]) throws -> [Float] {
    let data = try run(
      "ffmpeg", on: octets,
      ["-vn", "-af", "aresample=48000:async=1:first_pts=0", "-ac", "1", "-f", "f32le", "-"])
    return data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  private static func streams(_ octets: [UInt8]) throws -> [String] {
    String(
      decoding: try run(
        "ffprobe", on: octets,
        ["-show_entries", "stream=codec_name:stream_tags=title", "-of", "csv=p=0"]), as: UTF8.self
    ).split(separator: "\n").map(String.init)
  }

  private static func slice(_ sound: [Float], _ milliseconds: Range<Int>) -> ArraySlice<Float> {
    sound[(milliseconds.lowerBound * 48)..<(milliseconds.upperBound * 48)]
  }

  @Test("a tone in a recording has its frequency and its level, and its file can be searched")
  func tone() throws {
    let file = try Self.file(Person(hertz: 1_000, speaks: 0...9_999), 6_000).flatMap { $0 }
    let sound = try Self.sound(file)
    let steady = Self.slice(sound, 1_000..<5_000)
    let level = Signals.amplitude(of: steady, at: 1_000)
    #expect(abs(20 * log10(level / 0.2)) < 0.5)
    #expect(abs(20 * log10(Signals.level(steady) * 2.0.squareRoot() / level)) < 0.2)
    // From a keyframe before the moment that is asked for, and not from the beginning.
    let times = String(
      decoding: try Self.run(
        "ffprobe", on: file,
        [
          "-select_streams", "v", "-read_intervals", "5%+#1", "-show_entries", "packet=pts_time",
          "-of", "csv=p=0",
        ]), as: UTF8.self)
    #expect(times.hasPrefix("4.0"), "\(times)")
    // A player finds in them what is there: each points to a cluster.
    let header = try Self.file(Person(hertz: 1_000, speaks: 0...9_999), 6_000)[0]
    let segment = Data(header).range(of: Data([0x18, 0x53, 0x80, 0x67]))
    let begin = try #require(segment).upperBound + 8
    let cues = try #require(Data(header).range(of: Data([0x1C, 0x53, 0xBB, 0x6B]))).lowerBound
    var found = 0
    for place in cues...(header.count - 10) where header[place] == 0xF1 && header[place + 1] == 0x88
    {
      let offset = header[(place + 2)..<(place + 10)].reduce(0) { $0 << 8 | Int($1) }
      #expect(Array(file[(begin + offset)..<(begin + offset + 4)]) == [0x1F, 0x43, 0xB6, 0x75])
      found += 1
    }
    #expect(found == 3)
  }

  @Test("all voices are in one track at their level and in their place, each picture is a track")
  func voices() throws {
    let people = [
      Person(hertz: 500, speaks: 1_000...6_999),
      Person(hertz: 1_700, speaks: 3_000...4_999, haste: 300),
      Person(hertz: 900, speaks: 2_000...3_999, hasPicture: false),
    ]
    let octets = try Self.mix(people.map { try Self.file($0, 8_000) })
    #expect(try Self.streams(octets) == ["vp8,p0", "vp8,p1", "opus"])
    let sound = try Self.sound(octets)
    #expect(abs(sound.count / 48 - 8_000) < 60)
    for (hertz, spoken, silent) in [
      (500.0, 1_100..<6_900, 7_100..<7_900), (1_700, 3_100..<4_900, 1_100..<2_900),
      (900, 2_100..<3_900, 4_100..<6_900),
    ] {
      let level = Signals.amplitude(of: Self.slice(sound, spoken), at: hertz)
      #expect(abs(20 * log10(level / 0.2)) < 1, "\(hertz): \(level)")
      #expect(Signals.amplitude(of: Self.slice(sound, silent), at: hertz) < 0.002, "\(hertz)")
    }
    // The first word begins when it was said.
    let onset = try #require(sound.firstIndex { abs($0) > 0.1 }) / 48
    #expect(abs(onset - 1_000) < 2, "\(onset)")
    // And the picture with it: each frame stands at its own time, as it was received.
    for (track, speaks) in [("0:0", 1_000), ("0:1", 3_000)] {
      let grey = try Self.run(
        "ffmpeg", on: octets,
        [
          "-map", track, "-fps_mode", "passthrough", "-vf", "scale=2:2,format=gray", "-f",
          "rawvideo", "-",
        ])
      #expect(grey.count == 4 * 200)
      let white = try #require(grey.firstIndex { $0 > 120 }) / 4 * 40
      #expect(white == speaks)
    }
  }

  @Test("what is lost in one voice is made up there, and is heard of the others as it is")
  func loss() throws {
    var random = SeededRandom(seed: 9)
    let lost = Set((50..<350).filter { _ in random.next() % 10 == 0 }.map { Int64($0) * 20 })
    let people = [
      Person(hertz: 500, speaks: 0...7_999, lost: lost), Person(hertz: 1_700, speaks: 0...7_999),
    ]
    let octets = try Self.mix(people.map { try Self.file($0, 8_000) })
    let sound = try Self.sound(octets)
    let steady = Self.slice(sound, 1_000..<7_000)
    let whole = Signals.amplitude(of: steady, at: 1_700)
    #expect(abs(20 * log10(whole / 0.2)) < 0.5)
    // As silence, a tenth of the tone would be missing: 0.9 dB.
    let repaired = Signals.amplitude(of: steady, at: 500)
    #expect(20 * log10(repaired / 0.2) > -0.5, "\(repaired), \(lost.count) lost")
  }

  @Test("a file that says that it ends before it begins is refused")
  func negativeLength() throws {
    var octets = try Self.file(Person(hertz: 500, speaks: 0...1_999), 2_000).flatMap { $0 }
    let length = try #require(Data(octets).range(of: Data([0x44, 0x89, 0x88])))
    octets[length.upperBound] |= 0x80
    #expect(throws: RecordingMix.Broken.self) { try Self.mix([[octets]]) }
  }

  @Test("octets that are no file are refused, whatever they are")
  func broken() throws {
    let file = try Self.file(Person(hertz: 500, speaks: 0...999), 1_000)
    var random = SeededRandom(seed: 10)
    var refused = 0
    for _ in 0..<300 {
      var octets = file.flatMap { $0 }
      for _ in 0..<4 {
        octets[Int(random.next() % UInt64(octets.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      do { _ = try Self.mix([[octets]]) } catch is RecordingMix.Broken { refused += 1 }
    }
    #expect(refused > 0)
  }
}

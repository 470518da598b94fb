/// The files of one recording as one: the picture of each as it was received, and their sound mixed into one track.
/// Sans-IO and confined: it says of which file it needs more, and gives the next piece when it needs none.
///
/// All files have one time line, which begins with the recording; that of the mix is the same.
public final class RecordingMix {
  public struct Broken: Error, Hashable, Sendable {}

  /// Milliseconds of a piece.
  static let span: Int64 = 1_000
  /// By so many milliseconds a block of a file may stand behind an earlier one.
  static let disorder: Int64 = 3_000
  /// bit/s of the mixed sound.
  static let bitrate = 64_000

  private struct Input {
    let name: String
    let voice: MixedVoice
    var reader = WebMReader()
    /// Read and not written yet.
    var sound: [WebMReader.Block] = []
    var pictures: [WebMReader.Block] = []
    /// The latest time of any block.
    var latest: Int64 = 0
    var hasHeader = false
    var isOver = false
    /// Its picture's track.
    var number: UInt8?
    var lastPicture: Int64 = -1
  }

  private var inputs: [Input] = []
  private var writer = WebMWriter()
  private let encoder: OpusEncoder
  private let sound: UInt8
  private var hasBegun = false
  /// Up to where it is written, milliseconds.
  private var written: Int64 = 0

  /// - Parameter names: of the files' pictures, at most 100.
  public init(_ names: [String]) throws(CodecError) {
    guard (1...100).contains(names.count) else { throw .invalidSetting }
    encoder = try OpusEncoder(channels: 1, use: .sound, bitrate: Self.bitrate)
    sound = UInt8(names.count + 1)
    for name in names { inputs.append(Input(name: name, voice: try MixedVoice())) }
  }

  /// Of which file more octets are needed.
  public var needs: Int? {
    inputs.firstIndex {
      !$0.isOver && (!$0.hasHeader || $0.latest < written + Self.span + Self.disorder)
    }
  }

  public var isOver: Bool { hasBegun && needs == nil && written >= length }

  /// The next octets of a file; the first are its header.
  public func push(_ octets: [UInt8], to place: Int) throws(Broken) {
    inputs[place].reader.push(octets)
    do throws(WebMReader.Broken) {
      while let block = try inputs[place].reader.next() {
        inputs[place].latest = max(inputs[place].latest, block.time)
        switch block.track {
        case .audio: inputs[place].sound.append(block)
        case .video: inputs[place].pictures.append(block)
        }
      }
    } catch {
      throw Broken()
    }
    inputs[place].hasHeader = true
  }

  /// A file has no more.
  public func end(_ place: Int) { inputs[place].isOver = true }

  /// What comes next of the mixed file.
  public func next() -> [UInt8] {
    precondition(needs == nil, "files are read first")
    var octets = hasBegun ? [] : begin()
    let until = written + Self.span
    for place in inputs.indices { hear(place, until: until) }
    var blocks = seen(until: until)
    var time = written
    while time < until, time < length {
      let mixed = mix()
      if let packet = try? encoder.encode(mixed) { blocks.append((time, sound, true, packet)) }
      time += 20
    }
    // Sound before what is seen at the same moment.
    blocks.sort { ($0.time, $1.number) < ($1.time, $0.number) }
    for block in blocks {
      octets += writer.block(
        number: block.number, isPicture: block.number != sound, at: block.time,
        isKeyframe: block.isKeyframe, block.octets)
    }
    written = until
    return octets
  }

  private func begin() -> [UInt8] {
    hasBegun = true
    var pictures: [WebMWriter.Picture] = []
    for place in inputs.indices {
      guard let size = inputs[place].reader.contents.picture else { continue }
      let number = UInt8(pictures.count + 1)
      inputs[place].number = number
      pictures.append(.init(number: number, size: size, name: inputs[place].name))
    }
    let duration = inputs.compactMap(\.reader.contents.duration).max()
    return writer.header(pictures, sound: sound, channels: 1, duration: duration)
  }

  /// Milliseconds up to which there is anything, as far as is known.
  private var length: Int64 { (inputs.map(\.latest).max() ?? 0) + 20 }

  /// Somewhat ahead: what is missing at the end of a piece is made up from what comes behind it.
  private func hear(_ place: Int, until: Int64) {
    let due = inputs[place].sound.prefix { $0.time < until + 140 }
    for block in due { inputs[place].voice.add(block.octets, at: block.time) }
    inputs[place].sound.removeFirst(due.count)
  }

  private func mix() -> [Float] {
    var sum = [Float](repeating: 0, count: OpusEncoder.frameSamples)
    for input in inputs {
      let one = input.voice.take(sum.count)
      for place in sum.indices { sum[place] += one[place] }
    }
    return sum.map(AudioMixer.limit)
  }

  private typealias Out = (time: Int64, number: UInt8, isKeyframe: Bool, octets: [UInt8])

  private func seen(until: Int64) -> [Out] {
    var blocks: [Out] = []
    for place in inputs.indices {
      let due = inputs[place].pictures.prefix { $0.time < until }
      inputs[place].pictures.removeFirst(due.count)
      guard let number = inputs[place].number else { continue }
      for block in due {
        // What is later than it may be keeps its place in the order.
        let time = max(block.time, inputs[place].lastPicture + 1)
        inputs[place].lastPicture = time
        blocks.append((time, number, block.isKeyframe, block.octets))
      }
    }
    return blocks
  }
}

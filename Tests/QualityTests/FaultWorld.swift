import Glibc
import Wire

@testable import Quality

/// One participant's second, drawn packet by packet: what a sweep of the server would see on paths with
/// a given fault.
struct FaultWorld {
  enum Fault: Hashable, CaseIterable {
    case uplinkLoss, downlinkLoss, uplinkJitter, downlinkJitter, uplinkQueue, downlinkQueue
    case frozenCamera, slowCamera, silentMicrophone, deadMicrophone, saturated
    case stalledPicture, brokenPlayout, outage, stoppedDevice, overload
    case longPath, narrowUplink, audioOnly

    var expected: (side: FaultSide, cause: IncidentCause) {
      switch self {
      case .uplinkLoss: (.senderUplink, .loss)
      case .downlinkLoss: (.receiverDownlink, .loss)
      case .uplinkJitter: (.senderUplink, .jitter)
      case .downlinkJitter: (.receiverDownlink, .jitter)
      case .uplinkQueue, .narrowUplink: (.senderUplink, .congestion)
      case .downlinkQueue: (.receiverDownlink, .congestion)
      case .frozenCamera: (.senderDevice, .freeze)
      case .slowCamera: (.senderDevice, .lowFrameRate)
      case .silentMicrophone: (.senderDevice, .silence)
      case .deadMicrophone: (.senderDevice, .oneWayAudio)
      case .saturated: (.senderDevice, .saturation)
      case .stalledPicture: (.receiverDevice, .freeze)
      case .brokenPlayout: (.receiverDevice, .playout)
      case .outage: (.senderUplink, .drop)
      case .stoppedDevice: (.senderDevice, .drop)
      case .overload: (.node, .overload)
      case .longPath: (.receiverDownlink, .delay)
      case .audioOnly: (.receiverDownlink, .audioOnly)
      }
    }
  }

  var random: SeededRandom
  var now = MediaInstant(nanoseconds: 5_000_000_000)
  private var playout = PlayoutSample(
    frozen: 0, frameRate: 30, concealed: 0, bufferDelay: .milliseconds(60))
  private var second = 0
  private var signs = SignsOfLife()
  /// When in five seconds its page speaks.
  private let phase: Int

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    phase = Int(seed % 5)
  }

  private mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &random) < probability
  }

  /// Each by itself: drawn as the distances from one to the next.
  private mutating func lost(of count: Int, _ probability: Double) -> Int {
    var lost = 0
    var place = 0
    while true {
      let draw = Double.random(in: Double.leastNormalMagnitude..<1, using: &random)
      place += Int(log(draw) / log(1 - probability)) + 1
      guard place <= count else { return lost }
      lost += 1
    }
  }

  private mutating func about(_ value: Double, _ spread: Double = 0.15) -> Double {
    value * Double.random(in: (1 - spread)...(1 + spread), using: &random)
  }

  private mutating func milliseconds(_ value: Double) -> MediaDuration {
    .microseconds(Int64(about(value) * 1000))
  }

  /// - Parameter fault: what is wrong now.
  mutating func sample(_ fault: Fault?) -> ParticipantSample {
    now += .seconds(1)
    second += 1
    var sample = ParticipantSample(at: now, span: .seconds(1), isConnected: true)
    sample.roundTrip = milliseconds(
      fault == .longPath ? 600 : fault == .uplinkQueue ? 60 + 260 : 60)
    // A healthy path loses a little.
    let up = fault == .uplinkLoss ? 0.10 : 0.002
    let down = fault == .downlinkLoss ? 0.10 : 0.002
    var microphone = SourceSample(source: .microphone, packets: 50, octets: 4000)
    microphone.lost = lost(of: 50, up)
    microphone.packets -= microphone.lost
    microphone.jitter = milliseconds(fault == .uplinkJitter ? 95 : 6)
    microphone.queue = milliseconds(fault == .uplinkQueue ? 260 : 4)
    let talks = chance(0.5)
    microphone.levels = LevelSample(
      packets: 50, mean: talks ? -30 : -70,
      silent: fault == .silentMicrophone ? 50 : Int.random(in: 0...20, using: &random),
      saturated: fault == .saturated ? Int.random(in: 20...50, using: &random) : talks ? 1 : 0)
    var camera = SourceSample(source: .camera, packets: 180, octets: 187_000)
    camera.lost = lost(of: 180, up)
    camera.packets -= camera.lost
    camera.queue = microphone.queue
    camera.frames = Int.random(in: 27...31, using: &random)
    if chance(0.02) { camera.frozen = .milliseconds(200) }
    camera.limitation = EncoderLimitation.none
    switch fault {
    case .uplinkQueue:
      microphone.lost += lost(of: 50, 0.1)
      camera.frames = 12
    case .narrowUplink:
      camera.frames = 8
      camera.limitation = .bandwidth
    case .uplinkLoss: camera.frames = Int.random(in: 8...25, using: &random)
    case .frozenCamera:
      camera.packets = 0
      camera.frames = 0
      camera.lost = 0
    case .slowCamera:
      camera.frames = Int.random(in: 6...9, using: &random)
      camera.packets = camera.frames * 6
      camera.limitation = .cpu
    case .deadMicrophone:
      (microphone.packets, microphone.lost, microphone.levels) = (0, 0, nil)
    case .outage, .stoppedDevice:
      (microphone.packets, microphone.lost, microphone.levels) = (0, 0, nil)
      (camera.packets, camera.lost, camera.frames) = (0, 0, 0)
    case .overload:
      sample.isNodeOverloaded = true
      camera.lost = 30
      camera.frames = 10
    default: break
    }
    if fault != .outage {
      // Asked when nothing was heard for four seconds.
      let heard = [signs.answered, signs.spoke].compactMap(\.self).max()
      if heard.map({ now - $0 >= .seconds(4) }) ?? true {
        signs.answered = now - .milliseconds(100)
      }
      if fault != .stoppedDevice, second % 5 == phase { signs.spoke = now - .milliseconds(300) }
    }
    sample.signs = signs
    sample.sources = [microphone, camera]
    var downlink = DownlinkSample(packets: 230, octets: 190_000, lost: 0, reported: 230)
    downlink.lost = lost(of: 230, fault == .overload ? 0.2 : down)
    downlink.jitter = milliseconds(fault == .downlinkJitter ? 95 : 5)
    downlink.queue = milliseconds(fault == .downlinkQueue ? 300 : 5)
    if fault == .downlinkQueue { downlink.lost += lost(of: 230, 0.08) }
    if fault == .audioOnly { downlink.isAudioOnly = true }
    sample.downlink = downlink
    // The device tells every five seconds, of the five before.
    if second % 5 == 0 {
      playout = PlayoutSample(
        frozen: fault == .stalledPicture ? 1 : fault == .downlinkLoss ? 0.3 : 0, frameRate: 30,
        concealed: fault == .brokenPlayout || fault == .downlinkLoss ? about(0.25) : 0.002,
        bufferDelay: .milliseconds(60))
      sample.playout = playout
    }
    return sample
  }
}

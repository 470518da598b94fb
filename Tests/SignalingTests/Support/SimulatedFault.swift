import Simulation
import Wire

/// What goes wrong with the patient of a simulated call, and what the monitor should say of it.
enum SimulatedFault: CaseIterable {
  case uplinkLoss, downlinkLoss, burstyUplink, burstyDownlink, uplinkJitter, downlinkJitter
  case uplinkNarrow, downlinkNarrow
  case deadCamera, slowCamera, deadMicrophone, silence, saturation
  case stalledClient, stoppedClient, brokenPlayout, slowNode, outage
  /// Nothing is wrong with these: somebody wants it so, or the path is as paths are.
  case muted, cameraOff, otherSize, ordinaryPath

  /// bits/s of each camera.
  static let pictureRate = 300_000

  /// `nil`: nothing is wrong.
  var expected: (side: String, cause: String)? {
    switch self {
    case .uplinkLoss, .burstyUplink: ("sender-uplink", "loss")
    case .downlinkLoss, .burstyDownlink: ("receiver-downlink", "loss")
    case .uplinkJitter: ("sender-uplink", "jitter")
    case .downlinkJitter: ("receiver-downlink", "jitter")
    case .uplinkNarrow: ("sender-uplink", "congestion")
    case .downlinkNarrow: ("receiver-downlink", "congestion")
    case .deadCamera: ("sender-device", "freeze")
    case .slowCamera: ("sender-device", "low-frame-rate")
    case .deadMicrophone: ("sender-device", "one-way-audio")
    case .silence: ("sender-device", "silence")
    case .saturation: ("sender-device", "saturation")
    case .stalledClient: ("receiver-device", "freeze")
    case .brokenPlayout: ("receiver-device", "playout")
    case .slowNode: ("node", "overload")
    case .outage: ("sender-uplink", "drop")
    case .stoppedClient: ("sender-device", "drop")
    case .muted, .cameraOff, .otherSize, .ordinaryPath: nil
    }
  }

  /// Whoever is in the call suffers, not the patient alone.
  var isOfAll: Bool { self == .slowNode }

  /// Whether the way to the patient is so bad that pictures may have to be given up.
  var isOfDownlink: Bool { links.down != .perfect && self != .ordinaryPath }

  var links: (up: LinkConditions, down: LinkConditions) {
    let lossy = LinkConditions(loss: .uniform(0.12))
    let bursts = LinkConditions(
      loss: .bursts(toBad: 0.03, toGood: 0.2, whenGood: 0.002, whenBad: 0.8))
    var shaken = LinkConditions(jitter: .milliseconds(300))
    shaken.keepsOrder = false
    let narrow = LinkConditions(rate: 200_000, queue: 40_000)
    let cut = LinkConditions(loss: .uniform(1))
    let ordinary = LinkConditions(
      loss: .bursts(toBad: 0.002, toGood: 0.3, whenGood: 0.001, whenBad: 0.4),
      delay: .milliseconds(35), jitter: .milliseconds(12), reordering: 0.002)
    return switch self {
    case .uplinkLoss: (lossy, .perfect)
    case .downlinkLoss: (.perfect, lossy)
    case .burstyUplink: (bursts, .perfect)
    case .burstyDownlink: (.perfect, bursts)
    case .uplinkJitter: (shaken, .perfect)
    case .downlinkJitter: (.perfect, shaken)
    case .uplinkNarrow: (narrow, .perfect)
    case .downlinkNarrow: (.perfect, narrow)
    case .outage, .stoppedClient: (cut, cut)
    case .ordinaryPath: (ordinary, ordinary)
    default: (.perfect, .perfect)
    }
  }
}

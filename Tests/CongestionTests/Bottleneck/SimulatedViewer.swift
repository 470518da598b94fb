import Congestion
import Wire

/// The send side to one viewer, wired as the worker wires it: sound every 20 ms, an encoder that
/// follows the estimate with a delay, pacer, estimator; and the viewer's receiver with its feedback.
final class SimulatedViewer {
  let index: Int
  var estimator: BandwidthEstimator
  var pacer: Pacer
  private var receiver = TransportWideCC(sender: SSRC(9))
  private var sequencer = TransportSequencer(first: 65_000)
  private let arena = PacketArena(slotCount: 2048)
  private var random: SeededRandom
  private var feedback: [(at: Int64, bytes: [UInt8])] = []
  private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1200, alignment: 8)
  private let header = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 8)

  /// What the source could send at most, and sends at least, bits/s of video.
  var most = 2_500_000.0
  var least = 30_000.0
  var audioLength = 100
  /// How long the encoder takes to follow, milliseconds.
  var encoderDelay: Int64 = 250
  private var target: Double
  private var pending: [(at: Int64, rate: Double)] = []
  private var isMuted = false

  private(set) var deliveredOctets = 0
  private(set) var sentOctets = 0
  /// Sent and delivered octets of sound.
  private(set) var audioSent = 0
  private(set) var audioArrived = 0
  /// Of sound on its way, milliseconds.
  private(set) var worstAudioDelay = 0.0

  init(
    index: Int, seed: UInt64, configuration: BandwidthEstimatorConfiguration,
    demand: Int = 3_000_000
  ) {
    self.index = index
    estimator = BandwidthEstimator(configuration: configuration)
    estimator.setDemand(demand, canProbe: true, at: MediaInstant(nanoseconds: 0))
    pacer = Pacer(rate: configuration.start)
    random = SeededRandom(seed: seed)
    target = Double(configuration.start) * 0.8
  }

  deinit {
    arena.deallocate()
    scratch.deallocate()
    header.deallocate()
  }

  func forgetWorst() { worstAudioDelay = 0 }

  /// One millisecond of sending.
  func run(_ ms: Int64, _ path: Bottleneck) {
    let now = MediaInstant(nanoseconds: ms * 1_000_000)
    while let next = pending.first, next.at <= ms {
      target = next.rate
      pending.removeFirst()
    }
    if let deadline = estimator.nextDeadline, deadline <= now { estimator.handleTimeout(at: now) }
    follow(ms, now)
    if ms % 20 == 0 {
      audioSent += 1
      offer(length: audioLength, kind: .audio, now, path)
    }
    // Pictures wait for the first measurement, for half a second at most.
    if ms % 33 == 0, target >= least, estimator.hasMeasured || ms > 500 { frame(now, path) }
    drain(now, path)
  }

  private func follow(_ ms: Int64, _ now: MediaInstant) {
    if let change = estimator.takeChange() {
      let audio = Double(audioLength) * 400
      let video = min(max(Double(change.estimate) * 0.95 - audio, 0), most)
      pending.append((at: ms + encoderDelay, rate: video))
    }
    if let probe = estimator.takeProbe() { pacer.begin(probe, at: now) }
    pacer.setRate(estimator.pacingRate, at: now)
  }

  /// A picture of about a thirtieth of the target, in packets.
  private func frame(_ now: MediaInstant, _ path: Bottleneck) {
    var left = Int(target * 0.033 / 8 * (0.7 + 0.6 * random.unit()))
    while left > 0 {
      let length = min(left, 1100)
      offer(length: max(length, 60), kind: .video, now, path)
      left -= length
    }
  }

  private func offer(length: Int, kind: SentPacketKind, _ now: MediaInstant, _ path: Bottleneck) {
    guard let slot = arena.allocate() else { return }
    let packet = PacedPacket(slot: slot, length: UInt16(length), flow: 1, kind: kind)
    switch pacer.enqueue(packet, at: now) {
    case .sendNow(let probe): send(packet, probe, now, path)
    case .queued: break
    case .refused: arena.release(slot)
    }
  }

  private func drain(_ now: MediaInstant, _ path: Bottleneck) {
    while let step = pacer.next(at: now) {
      switch step {
      case .send(let packet, let probe): send(packet, probe, now, path)
      case .drop(let packet, _): arena.release(packet.slot)
      }
    }
    var padding = pacer.paddingNeeded(at: now)
    while padding > 0 {
      offer(length: min(max(padding, 60), 250), kind: .padding, now, path)
      padding = pacer.paddingNeeded(at: now)
    }
  }

  private func send(
    _ packet: PacedPacket, _ probe: ProbeCluster.ID, _ now: MediaInstant, _ path: Bottleneck
  ) {
    guard let sequence = sequencer.stamp(header, at: 0) else { return }
    let length = Int(packet.length)
    estimator.packetSent(
      sequence: sequence, length: length, kind: packet.kind, probe: probe, at: now)
    sentOctets += length
    path.send(
      PathPacket(
        flow: index, sequence: UInt16(truncatingIfNeeded: sequence), length: length,
        isAudio: packet.kind == .audio, sent: now))
    arena.release(packet.slot)
  }

  func arrive(_ packet: PathPacket) {
    deliveredOctets += packet.length
    if packet.isAudio {
      audioArrived += 1
      worstAudioDelay = max(worstAudioDelay, (packet.arrival - packet.sent).seconds * 1000)
    }
    receiver.packetArrived(
      transportSequence: packet.sequence, media: SSRC(5), length: packet.length, at: packet.arrival)
  }

  /// Feedback: written, lost or carried back, read.
  func hear(_ ms: Int64, _ profile: PathProfile) {
    let now = MediaInstant(nanoseconds: ms * 1_000_000)
    while let length = receiver.writeFeedback(now: now, into: scratch) {
      if random.unit() < profile.feedbackLoss { continue }
      feedback.append((ms + Int64(profile.feedbackDelay), Array(scratch[..<length])))
    }
    while let first = feedback.first, first.at <= ms {
      feedback.removeFirst()
      first.bytes.withUnsafeBytes { bytes in
        guard var compound = RTCPCompound(bytes) else { return }
        while let packet = compound.next() {
          if case .transportFeedback(let said) = packet { estimator.receive(said, at: now) }
        }
      }
    }
  }
}

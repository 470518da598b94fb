import Simulation
import Wire

@testable import Consultation
@testable import Signaling

/// What the device of one person of a simulated call does with what reaches it, and what its browser would
/// tell of that.
struct SimulatedDevice {
  enum Trouble { case none, stalled, brokenPlayout, late }

  let picture: SSRC
  let sound: SSRC
  private var frames = 0
  private var decoded = 0.0
  private var packets = 0
  private var seconds = 0.0
  private var concealed = 0.0
  /// Seconds of freezes that are over, and of that which is not.
  private var frozen = 0.0
  private var standing = 0.0

  init(picture: SSRC, sound: SSRC) {
    self.picture = picture
    self.sound = sound
  }

  /// - Parameter span: seconds since the last call.
  mutating func play(_ peer: SimulatedPeer, _ trouble: Trouble, span: Double) {
    let came = peer.counts(picture)
    let shown = trouble == .stalled ? 0 : Double(came.frames - frames) / span
    frames = came.frames
    decoded += shown * span
    if shown < 1 {
      standing += span
    } else {
      frozen += standing + span * max(0, 1 - shown / 15) + (trouble == .late ? 0.3 * span : 0)
      standing = 0
    }
    let heard = peer.counts(sound).packets
    let missing = max(0, 1 - Double(heard - packets) / (span * 50))
    packets = heard
    seconds += span
    let broken =
      switch trouble {
      case .none, .stalled: missing
      case .brokenPlayout: max(missing, 0.3)
      case .late: max(missing, 0.2)
      }
    // A packet that comes across a second's end is not missing.
    concealed += broken > 0.02 ? broken * span : 0
  }

  /// - Parameters:
  ///   - time: milliseconds on its clock.
  ///   - person: who is seen and heard.
  func statistics(of person: RoomMedia.Person, time: Double) -> ClientStatistics {
    var statistics = ClientStatistics(timestamp: time)
    statistics.inbound = person.publications.map { publication in
      publication.source == .camera
        ? .init(
          publication: publication.track, framesDecoded: decoded, totalFreezesDuration: frozen,
          playedAt: standing < 10 ? time - standing * 1000 : nil)
        : .init(
          publication: publication.track, concealedSamples: concealed * 48_000,
          totalSamplesReceived: seconds * 48_000)
    }
    return statistics
  }
}

import Consultation
import Synchronization
import Wire

@testable import Signaling

/// Both clocks of a test, moved by hand.
final class TestClock: Sendable {
  private let elapsed = Mutex(MediaDuration.zero)
  private let origin = WallClock(milliseconds: 1_800_000_000_000)

  var now: MediaInstant {
    MediaInstant(nanoseconds: 1_000_000_000_000) + elapsed.withLock { $0 }
  }

  var wall: WallClock {
    WallClock(milliseconds: origin.milliseconds + elapsed.withLock { $0.milliseconds })
  }

  var signaling: SignalingClock {
    SignalingClock(now: { self.now }, wall: { self.wall })
  }

  func advance(_ duration: MediaDuration) { elapsed.withLock { $0 = $0 + duration } }
}

internal import MediaEngine
internal import MediaHooks
internal import MediaIO
internal import Signaling
internal import Wire

/// The threads that decode.
struct HookPlane: StillImageSource {
  private let pool: HookPool

  init(threads: Int) { pool = HookPool(threads: threads, now: SystemClock.now) }

  func still(
    from tap: PacketTap, bindings: [PayloadBinding], askKeyframe: @escaping @Sendable () -> Void
  ) async throws(StillImageRefusal) -> [UInt8] {
    do throws(HookFailure) {
      return try await pool.still(from: tap, bindings: bindings, askKeyframe: askKeyframe).octets
    } catch {
      throw switch error {
      case .codec: .codec
      case .full: .busy
      case .noPicture, .encoding, .cancelled: .noPicture
      }
    }
  }

  func stop() { pool.stop() }
}

internal import Congestion
internal import MediaEngine
internal import MediaHooks
internal import Signaling
internal import Synchronization

extension HookPlane: VoiceMixer {
  func mix(
    into feed: PacketFeed, payloadType: UInt8, at rate: SoundRate
  ) throws(RenditionRefusal) -> any RunningVoiceMix {
    guard voiceMixes.take() else { throw .busy }
    do throws(HookFailure) {
      let handle = try pool.mixVoices(
        into: feed, payloadType: payloadType, at: BridgeRate(rate),
        seed: seeds.withLock { $0.next() })
      return VoiceMix(handle: handle, hook: CountedHook(handle, voiceMixes))
    } catch {
      voiceMixes.giveBack()
      throw error == .codec ? .codec : .busy
    }
  }
}

private struct VoiceMix: RunningVoiceMix {
  let handle: BridgeHandle
  let hook: CountedHook

  func hear(_ voices: [BridgeVoice]) {
    handle.hear(voices.map { .init(tap: $0.tap, bindings: $0.bindings) })
  }

  func setRate(_ rate: SoundRate) { handle.setRate(BridgeRate(rate)) }
  func end() { hook.end() }
  var dropped: UInt64 { hook.dropped }
}

extension BridgeRate {
  /// What an encoder of a publisher would be asked for.
  fileprivate init(_ rate: SoundRate) {
    self.init(bitrate: rate.bitrate, frames: rate.packetTime / 20)
  }
}

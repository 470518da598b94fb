internal import Quality
internal import Wire

extension PlayoutSample {
  init(
    _ now: ClientStatistics.Inbound, since before: ClientStatistics.Inbound, seconds: Double,
    standing: Double, before stood: Double
  ) {
    func change(_ path: KeyPath<ClientStatistics.Inbound, Double?>) -> Double? {
      guard let new = now[keyPath: path], let old = before[keyPath: path], new >= old else {
        return nil
      }
      return new - old
    }
    self.init()
    if let frames = change(\.framesDecoded) {
      frameRate = frames / seconds
      // A picture that stands until now is not among the freezes that are over; when it moves again all
      // of its time is, and what was counted of it already must not be counted again.
      frozen =
        frames == 0
        ? 1
        : change(\.totalFreezesDuration).map { over in
          min((max(over - stood, 0) + standing) / seconds, 1)
        }
    }
    if let all = change(\.totalSamplesReceived), all > 0, let made = change(\.concealedSamples) {
      concealed = min(made / all, 1)
    }
    if let delay = change(\.jitterBufferDelay), let count = change(\.jitterBufferEmittedCount),
      count > 0
    {
      bufferDelay = .microseconds(Int64(min(delay / count, 60) * 1_000_000))
    }
  }
}

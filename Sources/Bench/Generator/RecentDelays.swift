/// What was measured since the last second.
struct RecentDelays {
  /// By cohort.
  let audio: [LatencyRecorder]
  let video: [LatencyRecorder]
  let lateness = LatencyRecorder()

  init(cohorts: Int) {
    audio = (0..<cohorts).map { _ in LatencyRecorder() }
    video = (0..<cohorts).map { _ in LatencyRecorder() }
  }

  func deallocate() {
    for recorder in audio + video { recorder.deallocate() }
    lateness.deallocate()
  }
}

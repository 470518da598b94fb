internal import Simulation
internal import Wire

/// The path between one participant and the server, both ways.
struct ParticipantPath {
  /// What this participant, and the server towards it, did about losses.
  struct Counts: Sendable, Equatable {
    /// Of the participant.
    var nacksSent = 0
    var keyframeRequestsSent = 0
    /// Of the server.
    var nacksReceived = 0
    var keyframeRequestsReceived = 0
    /// Video that the participant sent again.
    var resent = 0
  }

  let schedule: PathSchedule
  var up: PathLink
  var down: PathLink
  var counts = Counts()
  var origin: MediaInstant?

  init(_ schedule: PathSchedule, seed: UInt64) {
    self.schedule = schedule
    up = PathLink(schedule.before, seed: seed)
    down = PathLink(schedule.before, seed: ~seed)
  }

  mutating func begin(at now: MediaInstant) {
    origin = now
    counts = Counts()
    up.begin(at: now)
    down.begin(at: now)
  }

  mutating func offer(
    _ length: Int, isVideo: Bool, _ direction: PathDirection, now: MediaInstant
  ) -> [MediaInstant] {
    let conditions =
      origin.map { schedule.conditions(direction, at: now - $0) } ?? schedule.before
    return direction == .up
      ? up.offer(length, isVideo: isVideo, conditions: conditions, now: now)
      : down.offer(length, isVideo: isVideo, conditions: conditions, now: now)
  }
}

/// What the media thread kept of a scenario.
struct NetworkRecords: Sendable {
  struct Path: Sendable {
    var counts: ParticipantPath.Counts
    var up: PathLink.Counts
    var down: PathLink.Counts
    var upSlices: [PathLink.Slice]
    var downSlices: [PathLink.Slice]
  }

  var paths: [Path] = []
  var streams: [StreamRecord] = []
}

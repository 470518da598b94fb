/// Participants of consultations by what they do.
struct Presences: Hashable, Sendable {
  var connected = 0
  /// Their connection is lost, and they may come back.
  var reconnecting = 0
  /// In a waiting room.
  var waiting = 0

  var all: Int { connected + reconnecting + waiting }
}

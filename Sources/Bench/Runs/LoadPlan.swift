/// How much load, for how long.
struct LoadPlan: Sendable {
  var rooms = 1
  /// Of each room: they send and receive.
  var participants = 2
  /// Of each room: they only receive.
  var viewers = 0
  var seconds = 30.0
  /// Between the last join and the measured interval.
  var warmup = 3.0

  var people: Int { rooms * (participants + viewers) }
}

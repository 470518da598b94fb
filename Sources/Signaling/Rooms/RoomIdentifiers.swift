internal import MediaEngine
internal import Synchronization
internal import Transport
internal import Wire

/// Numbers for what a room has on its worker: the upper half is the room, so that an event finds
/// its room without a table. Never used twice while the process runs.
final class RoomIdentifiers: NegotiationIdentifiers, Sendable {
  let room: UInt32
  private let last: Atomic<UInt32>

  /// Counting begins anywhere: what a client remembers from before a restart of the server then
  /// means nothing now, not something else.
  init(room: UInt32) {
    self.room = room
    last = Atomic(UInt32.random(in: 0..<1 << 30))
  }

  /// The room that a number of a worker belongs to.
  static func room(of rawValue: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

  func nextPeer() -> PeerID { PeerID(rawValue: next()) }
  func nextPublication() -> PublicationID { PublicationID(rawValue: next()) }
  func nextSubscription() -> SubscriptionID { SubscriptionID(rawValue: next()) }
  func nextSSRC() -> SSRC { SSRC(rawValue: UInt32.random(in: 1...UInt32.max)) }

  func nextCredentials() -> ICECredentials {
    var secret = SecretRandom()
    return .random(from: &secret)
  }

  private func next() -> UInt64 {
    let number = last.wrappingAdd(1, ordering: .relaxed).newValue
    return UInt64(room) << 32 | UInt64(number)
  }
}

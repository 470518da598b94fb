/// How the packets of a run come: its rooms, and whether at the pace of a call or as fast as the
/// server takes them.
public enum LoadCase: String, CaseIterable, Sendable {
  case thirtyRoomsOfTwo = "30x2"
  case tenRoomsOfTwo = "10x2"
  case oneRoomOfFive = "1x5"
  case oneToTwenty = "1to20"
  /// Four rooms in which one is seen by ten.
  case fanOut = "fanout10"
  /// Twenty rooms in which one is seen by one other.
  case pairs = "pairs"

  public struct Room: Sendable {
    public var participants: Int
    /// The first ones of the participants; everyone sees everyone else.
    public var publishers: Int

    public init(participants: Int, publishers: Int) {
      self.participants = participants
      self.publishers = publishers
    }
  }

  public var rooms: [Room] {
    func rooms(_ count: Int, _ participants: Int, _ publishers: Int) -> [Room] {
      Array(repeating: Room(participants: participants, publishers: publishers), count: count)
    }
    return switch self {
    case .thirtyRoomsOfTwo: rooms(30, 2, 2)
    case .tenRoomsOfTwo: rooms(10, 2, 2)
    case .oneRoomOfFive: rooms(1, 5, 5)
    case .oneToTwenty: rooms(1, 21, 1)
    case .fanOut: rooms(4, 11, 1)
    case .pairs: rooms(20, 2, 1)
    }
  }

  /// Packets are sent as the server gives those before back, not by the clock.
  public var isSaturating: Bool { self == .fanOut || self == .pairs }
}

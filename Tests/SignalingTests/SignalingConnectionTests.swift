import Consultation
import Testing
import Wire

@testable import Signaling

@Suite("The state of a connection")
struct SignalingConnectionTests {
  private let start = MediaInstant(nanoseconds: 5_000_000_000)

  private func connection() -> SignalingConnection { SignalingConnection(openedAt: start) }

  private func receive(
    _ connection: inout SignalingConnection, _ text: String, at now: MediaInstant? = nil
  ) -> SignalingConnection.Action {
    connection.receive(text.utf8, at: now ?? start)
  }

  private func joined() -> SignalingConnection {
    var connection = connection()
    _ = receive(&connection, #"{"type":"join","v":1,"token":"t"}"#)
    connection.joinSucceeded()
    return connection
  }

  private func code(_ action: SignalingConnection.Action) -> SignalingErrorCode? {
    switch action {
    case .reply(.error(let error, false, _)), .close(_, last: .error(let error, true, _)):
      error.code
    default: nil
    }
  }

  @Test("join comes first, and only once")
  func joinFirst() {
    var connection = connection()
    #expect(code(receive(&connection, #"{"type":"leave"}"#)) == .wrongState)
    #expect(
      receive(&connection, #"{"type":"join","v":1,"token":"t","id":"x"}"#)
        == .join(.init(credential: .token("t"), consultation: nil), re: "x"))
    connection.joinSucceeded()
    #expect(connection.state == .joined)
    #expect(
      receive(&connection, #"{"type":"leave","id":"y"}"#) == .deliver(.leave, re: "y"))
    #expect(
      code(receive(&connection, #"{"type":"join","v":1,"token":"t"}"#)) == .wrongState)
  }

  @Test("a ping is answered before and after the join")
  func ping() {
    var connection = connection()
    #expect(receive(&connection, #"{"type":"ping","id":"1"}"#) == .reply(.pong(re: "1")))
    connection = joined()
    #expect(receive(&connection, #"{"type":"ping"}"#) == .reply(.pong(re: nil)))
  }

  @Test("without a join the connection is closed after ten seconds, not before")
  func joinTimeout() {
    var connection = connection()
    #expect(connection.nextDeadline == start + .seconds(10))
    #expect(connection.handleTimeout(at: start + .milliseconds(9_999)) == .none)
    guard case .close(.joinTimeout, _) = connection.handleTimeout(at: start + .seconds(10)) else {
      Issue.record("not closed")
      return
    }
    #expect(connection.state == .closed)
    #expect(connection.nextDeadline == nil)
    #expect(receive(&connection, #"{"type":"ping"}"#) == .none)
  }

  @Test("five errors in a row close the connection; a message that is taken starts again")
  func fiveErrors() {
    var connection = joined()
    for _ in 0..<4 { #expect(code(receive(&connection, "nonsense")) == .badJSON) }
    #expect(receive(&connection, #"{"type":"end"}"#) == .deliver(.end, re: nil))
    connection.accepted()
    for _ in 0..<3 { #expect(code(receive(&connection, "nonsense")) == .badJSON) }
    // Refused by the room: it counts too.
    #expect(
      connection.refused(SignalingError(.forbidden, "no"), re: "z")
        == .reply(.error(SignalingError(.forbidden, "no"), fatal: false, re: "z")))
    let last = receive(&connection, #"{"type":"dance","id":"5"}"#)
    guard case .close(.tooManyErrors, last: .error(let error, true, "5")) = last else {
      Issue.record("\(last)")
      return
    }
    #expect(error.code == .unknownType)
  }

  @Test("a message beyond 64 KiB closes with 4413")
  func tooLarge() {
    var connection = joined()
    let action = receive(&connection, String(repeating: "x", count: 65_537))
    guard case .close(.tooLarge, last: .error(let error, true, _)) = action else {
      Issue.record("\(action)")
      return
    }
    #expect(error.code == .tooLarge)
  }

  @Test("a binary message closes the connection")
  func binary() {
    var connection = joined()
    #expect(connection.receivedBinary() == .close(.unacceptableData, last: nil))
  }

  @Test("silence of twelve seconds is the end of a joined connection; a pong is no silence")
  func silence() {
    var connection = joined()
    #expect(connection.handleTimeout(at: start + .seconds(11)) == .none)
    connection.heard(at: start + .seconds(11))
    #expect(connection.handleTimeout(at: start + .seconds(22)) == .none)
    #expect(
      connection.handleTimeout(at: start + .seconds(23)) == .close(.goingAway, last: nil))
  }

  @Test("who says nothing is pinged every four seconds, who speaks is not")
  func pings() {
    var connection = joined()
    var pinged: [Int64] = []
    for second in 1...20 as ClosedRange<Int64> {
      let now = start + .seconds(second)
      if second == 10 { connection.heard(at: now) }
      if connection.takePing(at: now) { pinged.append(second) }
    }
    #expect(pinged == [4, 8, 14, 18])
  }

  @Test("a flood is answered once, then ignored, then closed with 4429")
  func flood() {
    var connection = joined()
    // The join was the first of sixty.
    for _ in 0..<59 {
      #expect(receive(&connection, #"{"type":"ping"}"#) == .reply(.pong(re: nil)))
    }
    #expect(code(receive(&connection, #"{"type":"ping"}"#)) == .rateLimited)
    #expect(receive(&connection, #"{"type":"ping"}"#) == .none)
    // A second later there are twenty again.
    let later = start + .seconds(1)
    for _ in 0..<20 {
      #expect(receive(&connection, #"{"type":"ping"}"#, at: later) == .reply(.pong(re: nil)))
    }
    var closing: SignalingConnection.Action = .none
    for _ in 0..<200 where closing == .none || code(closing) == .rateLimited {
      closing = receive(&connection, #"{"type":"ping"}"#, at: later)
    }
    guard case .close(.rateLimited, _) = closing else {
      Issue.record("\(closing)")
      return
    }
  }

  @Test(
    "a refused join closes with the code of its reason, or lets the client try again",
    arguments: [
      (JoinRefusal(.expired(.init(milliseconds: 0))), CloseCode?.some(.unauthorized)),
      (JoinRefusal(TokenRefusal.otherConsultation), .some(.forbidden)),
      (JoinRefusal(.ended), .some(.over)),
      (JoinRefusal(.full(limit: 6)), nil),
      (RoomSession.resumeExpired, nil),
    ])
  func refusedJoin(refusal: JoinRefusal, expected: CloseCode?) {
    var connection = connection()
    _ = receive(&connection, #"{"type":"join","v":1,"token":"t"}"#)
    switch connection.joinFailed(refusal, re: "1") {
    case .close(let code, last: .error(_, fatal: true, re: "1")): #expect(code == expected)
    case .reply(.error(_, fatal: false, re: "1")):
      #expect(expected == nil)
      guard case .awaitingJoin = connection.state else {
        Issue.record("cannot join again")
        return
      }
    default: Issue.record("neither")
    }
  }
}

internal import Wire

/// What one WebSocket connection may say next: a pure state machine. It reads no socket and knows
/// no room; the caller does what the action says.
///
/// `join` comes first and in time; five refused messages in a row end the connection.
struct SignalingConnection {
  /// After so many seconds without a message the server pings, and the client is asked to.
  static let pingSeconds = 4

  struct Limits {
    var joinTimeout: MediaDuration = .seconds(10)
    var errorsInARow = 5
    /// Nothing heard for so long: the other side is gone (RFC 6455 pings are answered by every
    /// browser, also in a background page). TCP would notice after a quarter of an hour.
    var silenceTimeout: MediaDuration = .seconds(12)
    /// Messages at once and a second.
    var messageBurst = 60
    var messagesPerSecond = 20
    /// Refused for rate so often, without a message taken between: the client is broken.
    var rateRefusals = 200
  }

  enum State: Equatable {
    case awaitingJoin(until: MediaInstant)
    case joined
    case closed
  }

  enum Action: Equatable {
    /// Ask the directory, then call `joinSucceeded` or `joinFailed`.
    case join(ClientMessage.JoinRequest, re: String?)
    /// Give it to the room, then call `accepted` or `refused`.
    case deliver(ClientMessage.Body, re: String?)
    case reply(ServerMessage)
    case close(CloseCode, last: ServerMessage?)
    case none
  }

  private(set) var state: State
  private let limits: Limits
  private var errors = 0
  private var rateRefusals = 0
  private var lastHeard: MediaInstant
  private var lastPing: MediaInstant
  private var messages: TokenBucket

  init(openedAt now: MediaInstant, limits: Limits = Limits()) {
    self.limits = limits
    state = .awaitingJoin(until: now + limits.joinTimeout)
    lastHeard = now
    lastPing = now
    messages = TokenBucket(
      capacity: limits.messageBurst, perSecond: limits.messagesPerSecond, now: now)
  }

  /// Any frame, a pong among them.
  mutating func heard(at now: MediaInstant) { lastHeard = now }

  /// Whether it is time to ask if the other side is there; then until it is heard, or asked again.
  mutating func takePing(at now: MediaInstant) -> Bool {
    let quiet = MediaDuration.seconds(Int64(Self.pingSeconds))
    guard state != .closed, now >= max(lastHeard, lastPing) + quiet else { return false }
    lastPing = now
    return true
  }

  /// One text message.
  mutating func receive(_ text: some Collection<UInt8>, at now: MediaInstant) -> Action {
    guard state != .closed else { return .none }
    lastHeard = now
    guard messages.take(at: now) else { return tooFast() }
    rateRefusals = 0
    let message: ClientMessage
    do throws(ClientMessage.Refusal) {
      message = try ClientMessage(decoding: text)
    } catch {
      if error.error.code == .tooLarge, text.count > ClientMessage.maximumLength {
        return close(.tooLarge, error.error, re: error.id)
      }
      return refused(error.error, re: error.id)
    }
    switch (message.body, state) {
    case (.ping, _):
      errors = 0
      return .reply(.pong(re: message.id))
    case (.join(let request), .awaitingJoin):
      return .join(request, re: message.id)
    case (.join, _):
      return refused(
        SignalingError(.wrongState, "this connection has joined: a connection joins once"),
        re: message.id)
    case (_, .awaitingJoin):
      return refused(
        SignalingError(.wrongState, "the first message of a connection is `join`"),
        re: message.id)
    case (let body, _):
      return .deliver(body, re: message.id)
    }
  }

  /// A binary message.
  mutating func receivedBinary() -> Action {
    guard state != .closed else { return .none }
    state = .closed
    return .close(.unacceptableData, last: nil)
  }

  mutating func joinSucceeded() {
    guard case .awaitingJoin = state else { return }
    errors = 0
    state = .joined
  }

  /// A refused join closes the connection, except where the same connection may try again.
  mutating func joinFailed(_ refusal: JoinRefusal, re: String?) -> Action {
    guard let code = refusal.close else { return refused(refusal.error, re: re) }
    return close(code, refusal.error, re: re)
  }

  /// The room took the message.
  mutating func accepted() { errors = 0 }

  /// The message was refused, here or by the room.
  mutating func refused(_ error: SignalingError, re: String?) -> Action {
    guard state != .closed else { return .none }
    errors += 1
    if errors >= limits.errorsInARow { return close(.tooManyErrors, error, re: re) }
    return .reply(.error(error, fatal: false, re: re))
  }

  /// The room, or the other side, has closed the connection.
  mutating func closed() { state = .closed }

  /// When `handleTimeout` has something to do at the latest.
  var nextDeadline: MediaInstant? {
    switch state {
    case .awaitingJoin(let until): min(until, lastHeard + limits.silenceTimeout)
    case .joined: lastHeard + limits.silenceTimeout
    case .closed: nil
    }
  }

  mutating func handleTimeout(at now: MediaInstant) -> Action {
    if case .awaitingJoin(let until) = state, now >= until {
      return close(
        .joinTimeout,
        SignalingError(
          .wrongState, "no join within \(limits.joinTimeout.milliseconds / 1000) seconds"),
        re: nil)
    }
    if state != .closed, now >= lastHeard + limits.silenceTimeout {
      state = .closed
      return .close(.goingAway, last: nil)
    }
    return .none
  }

  private mutating func tooFast() -> Action {
    rateRefusals += 1
    let error = SignalingError(
      .rateLimited,
      "at most \(limits.messagesPerSecond) messages a second: wait a moment and send it again")
    if rateRefusals >= limits.rateRefusals { return close(.rateLimited, error, re: nil) }
    // Answered once a burst: an answer to each would help a flood.
    return rateRefusals == 1 ? .reply(.error(error, fatal: false, re: nil)) : .none
  }

  private mutating func close(
    _ code: CloseCode, _ error: SignalingError, re: String?
  ) -> Action {
    guard state != .closed else { return .none }
    state = .closed
    return .close(code, last: .error(error, fatal: true, re: re))
  }
}

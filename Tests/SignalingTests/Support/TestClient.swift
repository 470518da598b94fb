import Consultation
import Testing
import Wire

@testable import Signaling

/// A client of a room behind a link without a socket.
final class TestClient {
  private(set) var link = ClientLink()
  private var iterator: AsyncStream<ClientLink.Item>.AsyncIterator
  private let room: RoomSession
  private var participant: ParticipantID?

  init(_ room: RoomSession) {
    self.room = room
    iterator = link.items.makeAsyncIterator()
  }

  var id: ParticipantID { get throws { try #require(participant) } }

  @discardableResult
  func join(_ token: AccessToken) async throws -> ServerMessage.Joined {
    participant = try await room.join(token, on: link, re: "join")
    return try joined(await messages())
  }

  /// Loses the socket, as the server sees it.
  func disconnect() async throws { await room.connectionLost(try id, on: link) }

  /// On a new link.
  @discardableResult
  func resume(_ token: String) async throws -> ServerMessage.Joined {
    link = ClientLink()
    iterator = link.items.makeAsyncIterator()
    participant = try await room.resume(
      try #require(ResumeToken(text: token)), on: link, re: "resume")
    return try joined(await messages())
  }

  func send(_ body: ClientMessage.Body, re: String? = "1") async throws {
    try await room.receive(body, re: re, from: id, on: link)
  }

  /// The code of the error that a message is answered with; `nil` when it is taken.
  func refusal(of body: ClientMessage.Body) async -> SignalingErrorCode? {
    do {
      try await send(body)
      return nil
    } catch let error as SignalingError {
      #expect(error.message.count > 20)
      return error.code
    } catch {
      return .internal
    }
  }

  /// What has been sent since the last call.
  func messages() async -> [ServerMessage] {
    // Everything before the mark was sent before now.
    link.enqueue(.ping)
    var messages: [ServerMessage] = []
    while let item = await iterator.next() {
      switch item {
      case .message(let message): messages.append(message)
      case .ping: return messages
      case .pong: break
      }
    }
    return messages
  }

  /// Offers and returns what the answer says of the tracks.
  func offer(
    _ offer: OfferText, _ tracks: [ClientMessage.TrackRequest]
  ) async throws -> [AnsweredTrack] {
    try await send(.offer(.init(sdp: offer.text, tracks: tracks)))
    for message in await messages() {
      if case .answer(_, let tracks, _) = message { return tracks }
    }
    throw Unanswered()
  }

  struct Unanswered: Error {}

  private func joined(_ messages: [ServerMessage]) throws -> ServerMessage.Joined {
    for message in messages {
      if case .joined(let joined, _) = message { return joined }
    }
    throw Unanswered()
  }
}

extension ClientMessage.TrackRequest {
  static func publish(_ mid: String, _ source: String, muted: Bool? = nil) -> Self {
    Self(mid: mid, use: .publish(source: source, muted: muted))
  }

  static func subscribe(_ mid: String, _ publication: String) -> Self {
    Self(mid: mid, use: .subscribe(publication: publication))
  }
}

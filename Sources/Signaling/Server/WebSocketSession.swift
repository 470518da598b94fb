internal import Consultation
internal import Logging
internal import NIOCore
internal import NIOWebSocket
internal import Synchronization
internal import Wire

/// One WebSocket from its first frame to its last: reads messages, gives them to the room, writes
/// what the room sends, and keeps the time.
final class WebSocketSession: Sendable {
  /// A client that has been told to close has so long to do it.
  private static let closingTime = MediaDuration.seconds(3)

  private let services: HTTPServices
  private let client: IPAddress?
  private let link = ClientLink()
  private let state: Mutex<SignalingConnection>
  private let membership = Mutex<Membership?>(nil)

  private struct Membership {
    let room: RoomSession
    let participant: ParticipantID
  }

  init(_ services: HTTPServices, client: IPAddress?) {
    self.services = services
    self.client = client
    state = Mutex(SignalingConnection(openedAt: services.environment.clock.now()))
  }

  private var now: MediaInstant { services.environment.clock.now() }
  private var counters: SignalingCounters { services.environment.counters }

  func run(_ channel: ConnectionChannel.WebSocketChannel, _ registry: LinkRegistry) async {
    counters.add(.webSocketsOpened)
    registry.add(link)
    // The server may have begun to stop between the upgrade and here.
    if services.status.isShuttingDown { link.close(.shuttingDown) }
    try? await channel.executeThenClose { inbound, outbound in
      await withTaskGroup(of: Bool.self) { group in
        group.addTask {
          await self.write(to: outbound)
          return true
        }
        group.addTask {
          await self.keepTime(channel.channel)
          return false
        }
        await read(from: inbound)
        link.close(.normal)
        for await isWriter in group where isWriter { group.cancelAll() }
      }
    }
    state.withLock { $0.closed() }
    registry.remove(link)
    counters.add(.webSocketsClosed)
    if link.closeCode == .rateLimited { counters.add(.slowClients) }
    if let membership = membership.withLock({ $0 }) {
      await membership.room.connectionLost(membership.participant, on: link)
    }
  }

  // MARK: Reading

  private func read(from inbound: NIOAsyncChannelInboundStream<WebSocketFrame>) async {
    do {
      for try await frame in inbound {
        state.withLock { $0.heard(at: now) }
        // RFC 6455 section 5.1.
        guard frame.maskKey != nil else { return link.close(.protocolError) }
        switch frame.opcode {
        case .text:
          link.noteMessage(at: now)
          let text = Array(frame.unmaskedData.readableBytesView)
          // A task keeps the stack that it once needed: that of a join and an offer, 10 kB, goes with
          // a task of their own.
          await Task { await receive(text) }.value
        case .binary: perform(state.withLock { $0.receivedBinary() })
        case .ping: link.enqueue(.pong(Array(frame.unmaskedData.readableBytesView)))
        case .pong: link.noteAnswer(at: now)
        case .connectionClose: return
        default: return link.close(.protocolError)
        }
      }
    } catch {
      // The connection broke: the same as its end.
    }
  }

  private func receive(_ text: [UInt8]) async {
    // What comes after the close is read, so that the client can read ours, and ignored.
    guard link.closeCode == nil else { return }
    counters.add(.messagesReceived)
    let action = state.withLock { $0.receive(text, at: now) }
    switch action {
    case .join(let request, let re): await join(request, re: re)
    case .deliver(let body, let re): await deliver(body, re: re)
    case .reply, .close, .none: perform(action)
    }
  }

  private func deliver(_ body: ClientMessage.Body, re: String?) async {
    guard let membership = membership.withLock({ $0 }) else { return }
    do throws(SignalingError) {
      try await membership.room.receive(body, re: re, from: membership.participant, on: link)
      state.withLock { $0.accepted() }
    } catch {
      perform(state.withLock { $0.refused(error, re: re) })
    }
  }

  private func perform(_ action: SignalingConnection.Action) {
    switch action {
    case .reply(let message):
      if case .error(let error, _, _) = message {
        counters.add(error.code == .rateLimited ? .rateLimited : .messagesRefused)
      }
      link.send(message)
    case .close(let code, let last):
      if let last {
        counters.add(.messagesRefused)
        link.send(last)
      }
      link.close(code)
    case .join, .deliver, .none: break
    }
  }

  // MARK: Joining

  private func join(_ request: ClientMessage.JoinRequest, re: String?) async {
    do throws(JoinRefusal) {
      let membership =
        switch request.credential {
        case .token(let text): try await enter(text, request.consultation, re: re)
        case .resume(let text): try await resume(text, re: re)
        }
      self.membership.withLock { $0 = membership }
      state.withLock { $0.joinSucceeded() }
    } catch {
      perform(state.withLock { $0.joinFailed(error, re: re) })
    }
  }

  private func enter(
    _ text: String, _ wanted: String?, re: String?
  ) async throws(JoinRefusal) -> Membership {
    let token: AccessToken
    do throws(HTTPServices.VerificationFailure) {
      token = try await services.verify(text, from: client)
    } catch {
      switch error {
      case .token(let refusal): throw JoinRefusal(refusal)
      case .tooManyRefusals(let seconds):
        throw JoinRefusal(
          .rateLimited, "too many refused tokens from this address: wait \(seconds) s",
          close: .rateLimited)
      }
    }
    let id = try consultation(token, wanted)
    if let seconds = services.mayJoin(token, text, from: client) {
      throw JoinRefusal(tooOften: seconds)
    }
    let room = try await services.directory.checkOut(id, for: token)
    do throws(JoinRefusal) {
      let participant = try await room.join(token, on: link, re: re)
      await services.directory.checkIn(id)
      return Membership(room: room, participant: participant)
    } catch {
      await services.directory.checkIn(id)
      throw error
    }
  }

  private func consultation(
    _ token: AccessToken, _ wanted: String?
  ) throws(JoinRefusal) -> ConsultationID {
    let named = wanted.flatMap(ConsultationID.init(rawValue:))
    guard wanted == nil || named != nil else {
      throw JoinRefusal(
        .notFound, "there is no such consultation: an id is 1 to 64 of A-Z a-z 0-9 _ - .",
        close: .notFound)
    }
    switch (token.consultation, named) {
    case (let bound?, nil): return bound
    case (let bound?, let named?):
      guard bound == named else {
        throw JoinRefusal(services.refuse(.otherConsultation, token))
      }
      return bound
    case (nil, let named?): return named
    case (nil, nil):
      throw JoinRefusal(
        .badField,
        "field `consultation` is missing: the token is good for several, so the join says which",
        close: nil)
    }
  }

  private func resume(_ text: String, re: String?) async throws(JoinRefusal) -> Membership {
    guard let token = ResumeToken(text: text),
      let room = await services.directory.loaded(token.consultation)
    else { throw RoomSession.resumeExpired }
    let participant = try await room.resume(token, on: link, re: re)
    return Membership(room: room, participant: participant)
  }

  // MARK: Writing

  private func write(to outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async {
    do {
      for await item in link.items {
        switch item {
        case .message(let message):
          counters.add(.messagesSent)
          try await outbound.write(.text(message))
        case .ping:
          try await outbound.write(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()))
        case .pong(let payload):
          try await outbound.write(
            WebSocketFrame(fin: true, opcode: .pong, data: ByteBuffer(bytes: payload)))
        }
      }
      try await outbound.write(.close(link.closeCode ?? .normal))
    } catch {
      // The connection is gone; the reader sees it too.
    }
  }

  // MARK: Time

  private func keepTime(_ channel: any Channel) async {
    var closingSince: MediaInstant?
    while !Task.isCancelled {
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
      perform(state.withLock { $0.handleTimeout(at: now) })
      if state.withLock({ $0.takePing(at: now) }) { link.enqueue(.ping) }
      guard link.closeCode != nil else { continue }
      guard let since = closingSince else {
        closingSince = now
        continue
      }
      if now - since >= Self.closingTime {
        channel.close(promise: nil)
        return
      }
    }
  }
}

internal import Consultation
internal import HTTPTypes
internal import Wire

/// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep).
struct MediaRoutes: Sendable {
  static let bodyLimit = SDPLimits.bytes
  private static let sdp = "application/sdp"

  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    let endpoint: HTTPFields = [.acceptPost: Self.sdp]
    let session: HTTPFields = [.acceptPatch: TrickleFragment.mediaType]
    return [
      .init(
        "/whip/*", crossOrigin: true, optionsHeaders: endpoint, [.post(publish)]),
      .init(
        "/whip/*/*", crossOrigin: true, optionsHeaders: session,
        [.patch(patch), .delete(hangUp)]),
      .init(
        "/whep/*/*", crossOrigin: true, optionsHeaders: endpoint,
        [.post(play)]),
      .init(
        "/whep/*/*/*", crossOrigin: true, optionsHeaders: session,
        [.patch(patch), .delete(hangUp)]),
    ]
  }

  // MARK: Endpoints

  private func publish(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticateJoin(call, for: id)
    let name = try participantName(call)
    let offer = try await offer(call)
    return try await withRoom(id, token) { room in
      let media = try await room.publish(offer, token, as: name)
      return created(media, at: "/whip/\(id)/\(media.participant)")
    }
  }

  private func play(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let target = try services.participant(call.parameters[1])
    let token = try await services.authenticateJoin(call, for: id)
    let name = try participantName(call)
    let offer = try await offer(call)
    return try await withRoom(id, token) { room in
      let media = try await room.play(target, offer, token, as: name)
      return created(media, at: "/whep/\(id)/\(target)/\(media.session ?? "")")
    }
  }

  private func created(_ media: StandaloneMedia, at location: String) -> HTTPReply {
    var headers: HTTPFields = [
      .location: location, .eTag: media.entityTag, .acceptPatch: TrickleFragment.mediaType,
    ]
    let servers = services.configuration.iceServers(
      for: media.participant, at: services.environment.clock.wall())
    for link in servers.flatMap(\.links) {
      headers.append(HTTPField(name: .link, value: link))
    }
    return HTTPReply(.created, text: media.answer, type: Self.sdp, headers: headers)
  }

  /// The SDP of the request. What is wrong with the request itself is told before the body is read.
  private func offer(_ call: HTTPCall) async throws(HTTPFailure) -> String {
    guard call.mediaType == Self.sdp else {
      throw HTTPFailure(
        .unsupportedMediaType, "unsupported-media-type",
        "an offer is sent with `Content-Type: application/sdp`",
        headers: [.acceptPost: Self.sdp])
    }
    guard call.accepts(Self.sdp) else {
      throw HTTPFailure(
        .notAcceptable, "not-acceptable", "the answer is application/sdp: `Accept` must allow it")
    }
    return try await text(call)
  }

  private func text(_ call: HTTPCall) async throws(HTTPFailure) -> String {
    let bytes = try await call.body(limit: Self.bodyLimit)
    guard !bytes.isEmpty else {
      throw HTTPFailure(.badRequest, "bad-sdp", "the body of the request is empty: it carries SDP")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw HTTPFailure(.badRequest, "bad-sdp", "the body of the request is not UTF-8 text")
    }
    return text
  }

  private func participantName(_ call: HTTPCall) throws(HTTPFailure) -> ParticipantID? {
    guard let text = call.query["participant"] else { return nil }
    guard let id = ParticipantID(rawValue: text) else {
      throw HTTPFailure(
        .badRequest, "bad-field",
        "the parameter `participant` is an id: 1 to 64 of A-Z a-z 0-9 _ - .")
    }
    return id
  }

  // MARK: Sessions

  private func patch(_ call: HTTPCall) async throws -> HTTPReply {
    let (id, address) = try address(call)
    let token = try await services.authenticate(call, for: id)
    guard call.mediaType == TrickleFragment.mediaType else {
      throw HTTPFailure(
        .unsupportedMediaType, "unsupported-media-type",
        "a session takes `Content-Type: \(TrickleFragment.mediaType)`",
        headers: [.acceptPatch: TrickleFragment.mediaType])
    }
    guard let entityTag = call.headers[.ifMatch] else {
      throw HTTPFailure(
        .preconditionRequired, "precondition-required",
        "`If-Match` is needed: the ETag of the session for candidates, * for an ICE restart")
    }
    let fragment = try await text(call)
    return try await withRoom(id, token) { room in
      guard
        let media = try await room.patch(
          fragment, entityTag: entityTag.trimmingSpaces, address, token)
      else { return HTTPReply(.noContent) }
      return HTTPReply(
        .ok, text: media.answer, type: TrickleFragment.mediaType,
        headers: [.eTag: media.entityTag])
    }
  }

  private func hangUp(_ call: HTTPCall) async throws -> HTTPReply {
    let (id, address) = try address(call)
    let token = try await services.authenticate(call, for: id)
    return try await withRoom(id, token) { room in
      try await room.hangUp(address, token)
      return HTTPReply(.ok)
    }
  }

  private func address(
    _ call: HTTPCall
  ) throws(HTTPFailure) -> (ConsultationID, RoomSession.StandaloneAddress) {
    let id = try services.consultation(call.parameters[0])
    let participant = try services.participant(call.parameters[1])
    guard call.parameters.count == 3 else { return (id, .whip(participant)) }
    return (id, .whep(target: participant, session: call.parameters[2]))
  }

  private func withRoom(
    _ id: ConsultationID, _ token: AccessToken,
    _ body: @Sendable (RoomSession) async throws -> HTTPReply
  ) async throws(HTTPFailure) -> HTTPReply {
    do {
      return try await services.directory.withRoom(id, for: token, body)
    } catch let refusal as JoinRefusal {
      throw HTTPFailure(refusal)
    } catch let refusal as StandaloneMediaRefusal {
      // The room has noted what it knows of a token itself.
      if case .token(.notAllowed(let role)) = refusal {
        _ = services.refuse(.notAllowed(role), token)
      }
      throw HTTPFailure(refusal)
    } catch {
      throw HTTPFailure(.internalServerError, "internal", "the server made a mistake")
    }
  }
}

extension HTTPFailure {
  fileprivate init(_ refusal: StandaloneMediaRefusal) {
    switch refusal {
    case .token(let refusal): self.init(refusal)
    case .malformedSDP(let message): self.init(.badRequest, "bad-sdp", message)
    case .unprocessableSDP(let message): self.init(.unprocessableContent, "bad-sdp", message)
    case .notFound(let message): self.init(.notFound, "not-found", message)
    case .gone(let message): self.init(.gone, "wrong-state", message)
    case .conflict(let message): self.init(.conflict, "wrong-state", message)
    case .preconditionFailed:
      self.init(
        .preconditionFailed, "precondition-failed",
        "`If-Match` is not the ETag of the current ICE session")
    case .unavailable(let message):
      self.init(.serviceUnavailable, "busy", message, headers: [.retryAfter: "5"])
    case .failed(let message): self.init(.internalServerError, "internal", message)
    }
  }
}

extension ICEServer {
  /// The values of `Link` (RFC 9725 section 4.6).
  fileprivate var links: [String] {
    urls.map { url in
      var link = "<\(url)>; rel=\"ice-server\""
      if let username { link += "; username=\"\(username)\"" }
      if let credential { link += "; credential=\"\(credential)\"; credential-type=\"password\"" }
      return link
    }
  }
}

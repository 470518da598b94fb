internal import Consultation
internal import FoundationEssentials
internal import HTTPTypes
internal import Transport

/// REST under `/v1`: consultations, invitations, participants.
struct ConsultationRoutes: Sendable {
  static let bodyLimit = 16_384
  /// Seconds that an invitation is good for when nothing else is said, and at most.
  static let invitationLifetime: Int64 = 86_400
  static let longestInvitation: Int64 = 90 * 86_400

  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init(
        "/v1/consultations", crossOrigin: true,
        [.get(list), .post(create)]),
      .init("/v1/consultations/*", crossOrigin: true, [.get(read)]),
      .init("/v1/consultations/*/end", crossOrigin: true, [.post(end)]),
      .init(
        "/v1/consultations/*/invitations", crossOrigin: true,
        [.post(invite)]),
      .init(
        "/v1/consultations/*/participants", crossOrigin: true,
        [.get(participants)]),
      .init("/v1/consultations/*/consents", crossOrigin: true, [.get(consents)]),
      .init(
        "/v1/consultations/*/participants/*", crossOrigin: true,
        [.delete(remove)]),
    ]
  }

  // MARK: Consultations

  private func create(_ call: HTTPCall) async throws -> HTTPReply {
    let token = try await services.authenticate(call)
    try services.require(
      token.role.allows(.createConsultation) && token.consultation == nil, token)
    let wish = try await RequestContentReader.read(call, as: CreateRequest.self)
    var random = SecretRandom()
    let id = wish.id ?? .random(using: &random)
    let record = ConsultationRecord(
      id: id, kind: wish.kind, createdAt: services.environment.clock.wall(),
      leastDelay: wish.leastDelay, hasWaitingRoom: wish.waitingRoom, consents: wish.consents,
      window: wish.window, unit: wish.unit)
    do throws(RecordStoreError) {
      try await services.environment.store.open(record)
    } catch .exists {
      throw HTTPFailure(
        .conflict, "exists", "a consultation of this id exists or has existed: ids are used once")
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    return HTTPReply(
      .created, json: ConsultationView(record, live: nil),
      headers: [.location: services.base(call) + "/v1/consultations/\(id)"])
  }

  private func list(_ call: HTTPCall) async throws -> HTTPReply {
    let token = try await services.authenticate(call)
    try services.require(
      token.role.allows(.readConsultation) && token.consultation == nil, token)
    let state = try call.query["state"].map { text in
      guard let state = ConsultationState(rawValue: text) else {
        throw HTTPFailure(
          .badRequest, "bad-field", "the parameter `state` is open, active or ended")
      }
      return state
    }
    let limit = try call.query["limit"].map { text in
      guard let limit = Int(text), (1...1000).contains(limit) else {
        throw HTTPFailure(.badRequest, "bad-field", "the parameter `limit` is 1 to 1000")
      }
      return limit
    }
    let records = try await records(state, limit: limit ?? 100)
    try await services.noteReading(call, token, nil, "consultations")
    var views: [ConsultationView] = []
    for record in records {
      views.append(
        ConsultationView(record, live: await services.directory.loaded(record.id)?.state))
    }
    return HTTPReply(.ok, json: ["consultations": views])
  }

  private func read(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(services.mayRead(token), token)
    let record = try await services.record(id)
    var view = ConsultationView(record, live: await services.directory.loaded(id)?.state)
    do throws(RecordStoreError) {
      view.act = ConsultationView.Act(
        try await services.environment.store.mediaTime(of: id),
        services.environment.configuration.act)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    try await services.noteReading(call, token, id, "consultation")
    return HTTPReply(.ok, json: view)
  }

  private func end(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(token.role.allows(.endConsultation), token)
    do {
      try await services.directory.withRoom(id, for: token) { room in
        try await room.end(by: token.role)
      }
    } catch let refusal as JoinRefusal {
      throw HTTPFailure(refusal)
    } catch let error as SignalingError {
      throw HTTPFailure(error, isOver: error.code == .wrongState)
    }
    return HTTPReply(.ok, json: ConsultationView(try await services.record(id), live: nil))
  }

  private func records(
    _ state: ConsultationState?, limit: Int
  ) async throws(HTTPFailure) -> [ConsultationRecord] {
    do throws(RecordStoreError) {
      return try await services.environment.store.consultations(state: state, limit: limit)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
  }

  private func consents(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(services.mayRead(token), token)
    let record = try await services.record(id)
    let decisions: [ConsentRecord]
    do throws(RecordStoreError) {
      decisions = try await services.environment.store.consents(of: id)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    try await services.noteReading(call, token, id, "consents")
    return HTTPReply(
      .ok,
      json: ConsentsView(
        required: record.consents.map { ConsentTextView($0, withWords: true) },
        decisions: decisions.map(ConsentDecisionView.init)))
  }

  // MARK: Invitations

  private func invite(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let inviter = try await services.authenticate(call, for: id)
    try services.require(inviter.role.allows(.invite), inviter)
    let wish = try await RequestContentReader.read(call, as: InvitationRequest.self)
    let record = try await services.record(id)
    guard record.state != .ended else { throw HTTPFailure(JoinRefusal(.ended)) }
    guard wish.role.mayJoin(id), record.kind.admits(wish.role), wish.role != .loadtest else {
      let roles = ParticipantRole.allCases.filter {
        $0.mayJoin(id) && record.kind.admits($0) && $0 != .loadtest
      }
      throw HTTPFailure(
        .badRequest, "bad-field",
        "field `role` is one of \(roles.map(\.rawValue).joined(separator: ", ")) in this kind of act"
      )
    }
    let now = services.environment.clock.wall()
    let from = max(wish.notBefore ?? now, now)
    let expires = wish.expires ?? from.advanced(bySeconds: Self.invitationLifetime)
    guard expires > from, expires <= now.advanced(bySeconds: Self.longestInvitation) else {
      throw HTTPFailure(
        .badRequest, "bad-field",
        "field `expires` is after `notBefore` and at most 90 days from now")
    }
    var random = SecretRandom()
    let identifier = ConsultationID.random(using: &random).rawValue.replacing("c_", with: "i_")
    let token = AccessToken(
      role: wish.role, consultation: id, name: wish.name, identifier: identifier,
      notBefore: wish.notBefore, expires: expires, singleUse: wish.singleUse)
    let text: String
    do {
      text = try await services.authority.mint(token, issuedAt: now)
    } catch {
      throw HTTPFailure(.internalServerError, "internal", "the token could not be signed")
    }
    let issued = IssuedInvitation(
      consultation: id, role: wish.role, inviter: inviter.role, bearer: inviter.reader,
      expires: expires, isSingleUse: wish.singleUse)
    do throws(RecordStoreError) {
      try await services.environment.store.note(issued, at: now)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    return HTTPReply(
      .created,
      json: InvitationView(
        id: identifier, role: wish.role.rawValue, token: text,
        link: services.base(call) + "/join#" + text, expires: expires.description))
  }

  // MARK: Participants

  private func participants(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(services.mayRead(token), token)
    _ = try await services.record(id)
    let presences: [ParticipantRecord]
    do throws(RecordStoreError) {
      presences = try await services.environment.store.participants(of: id)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    try await services.noteReading(call, token, id, "participants")
    let present = await services.directory.loaded(id)?.present ?? []
    return HTTPReply(
      .ok,
      json: ["participants": presences.map { ParticipantView($0, present: present) }])
  }

  private func remove(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(token.role.allows(.removeOthers), token)
    let participant = try services.participant(call.parameters[1])
    let isBan =
      try call.query["ban"].map { text in
        guard let flag = Bool(text) else {
          throw HTTPFailure(.badRequest, "bad-field", "the parameter `ban` is true or false")
        }
        return flag
      } ?? false
    do {
      try await services.directory.withRoom(id, for: token) { room in
        try await room.remove(participant, by: token.role, banning: isBan)
      }
    } catch let refusal as JoinRefusal {
      throw HTTPFailure(refusal)
    } catch let error as SignalingError {
      throw HTTPFailure(error)
    }
    return HTTPReply(.noContent)
  }
}

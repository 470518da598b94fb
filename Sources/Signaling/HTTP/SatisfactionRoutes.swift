internal import Consultation
internal import HTTPTypes

/// `POST /v1/consultations/{id}/satisfaction`: how content a patient or a physician was, during the
/// consultation or after its end, by the token that they came with.
struct SatisfactionRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [.init("/v1/consultations/*/satisfaction", crossOrigin: true, [.post(give), .get(read)])]
  }

  private struct Wish: RequestContent {
    var score: Int

    init(_ fields: FieldReader) throws {
      score = try fields.integer("score", "1 (not at all content) to 5 (very)")
      guard (1...5).contains(score) else {
        throw SignalingError(.badField, "field `score` is \(score): it is 1 to 5")
      }
    }
  }

  private struct View: Encodable {
    var role: String
    var score: Int
  }

  private func give(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(Satisfaction.isAsked(token.role) && token.consultation == id, token)
    let wish = try await RequestContentReader.read(call, as: Wish.self)
    guard let satisfaction = Satisfaction(role: token.role, score: wish.score) else {
      throw HTTPFailure(.forbidden, "forbidden", "this role is not asked")
    }
    _ = try await services.record(id)
    do throws(RecordStoreError) {
      let store = services.environment.store
      if try await store.participants(of: id).contains(where: { $0.role == token.role }) {
        try await store.note(
          satisfaction, by: token.bearer(in: id), of: id, at: services.environment.clock.wall())
        return HTTPReply(.noContent)
      }
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    throw HTTPFailure(
      .conflict, "wrong-state", "nobody of this role has been in this consultation")
  }

  private func read(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(token.role.allows(.readConsultation), token)
    _ = try await services.record(id)
    let given: [Satisfaction]
    do throws(RecordStoreError) {
      given = try await services.environment.store.satisfactions(of: id)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    try await services.noteReading(call, token, id, "satisfaction")
    return HTTPReply(
      .ok, json: ["satisfaction": given.map { View(role: $0.role.rawValue, score: $0.score) }])
  }
}

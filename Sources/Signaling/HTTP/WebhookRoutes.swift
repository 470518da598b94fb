internal import Consultation
internal import HTTPTypes

/// REST under `/v1/webhooks`: how the outbox stands, and sending again. For the program that books.
struct WebhookRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init("/v1/webhooks", crossOrigin: true, [.get(state)]),
      .init("/v1/webhooks/replay", crossOrigin: true, [.post(replay)]),
    ]
  }

  private struct StateView: Encodable {
    var last: Int64
    var pending: Int
    var oldestPending: String?
    var givenUp: Int
  }

  private struct ReplayRequest: RequestContent {
    var from: Int64
    var to: Int64?

    init(_ fields: FieldReader) throws {
      from = Int64(try fields.integer("from", "the sequence number of the first event, from 1"))
      to = try fields.optionalInteger("to", "the sequence number of the last event").map(Int64.init)
      guard from >= 1, to.map({ $0 >= from }) ?? true else {
        throw SignalingError(.badField, "field `from` is at least 1, and `to` is not before it")
      }
    }
  }

  private func state(_ call: HTTPCall) async throws -> HTTPReply {
    let state = try await authorized(call)
    return HTTPReply(
      .ok,
      json: StateView(
        last: state.last, pending: state.pending,
        oldestPending: state.oldestPending?.description, givenUp: state.givenUp))
  }

  private func replay(_ call: HTTPCall) async throws -> HTTPReply {
    _ = try await authorized(call)
    let wish = try await RequestContentReader.read(call, as: ReplayRequest.self)
    do throws(RecordStoreError) {
      let count = try await services.environment.store.replayWebhooks(
        from: wish.from, to: wish.to, at: services.environment.clock.wall())
      return HTTPReply(.accepted, json: ["events": count])
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
  }

  /// - Throws: 404 where no webhook is configured.
  private func authorized(_ call: HTTPCall) async throws -> WebhookState {
    let token = try await services.authenticate(call)
    try services.require(token.role == .backend && token.consultation == nil, token)
    let state: WebhookState?
    do throws(RecordStoreError) {
      state = try await services.environment.store.webhooks()
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    guard let state else {
      throw HTTPFailure(
        .notFound, "not-found", "there is no webhook: webhooks.url is not configured")
    }
    return state
  }
}

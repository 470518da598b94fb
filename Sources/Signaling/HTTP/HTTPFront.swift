internal import Consultation
internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import WebClient
internal import Wire

/// Every HTTP request comes through here: limits, routes, the headers that all answers have.
struct HTTPFront: Sendable {
  private let services: HTTPServices
  private let router: HTTPRouter
  private let pages = PageRoutes()

  init(_ services: HTTPServices) {
    self.services = services
    router = HTTPRouter(
      routes: StatusRoutes(services: services).routes
        + ConsultationRoutes(services: services).routes + MediaRoutes(services: services).routes
        + QualityRoutes(services: services).routes + WebhookRoutes(services: services).routes
        + RecordRoutes(services: services).routes + ErasureRoutes(services: services).routes
        + IndicatorRoutes(services: services).routes + FileRoutes(services: services).routes
        + SatisfactionRoutes(services: services).routes
        + BridgeRoutes(services: services).routes
        + [.init("/v1/signal", [.get { throw HTTPFailure.upgradeNeeded($0, services.origins) }])])
  }

  func respond(to call: HTTPCall) async -> HTTPReply {
    var reply = await answer(call)
    reply.headers[.xContentTypeOptions] = "nosniff"
    reply.headers[.referrerPolicy] = "no-referrer"
    reply.headers[.frameOptions] = "DENY"
    if reply.headers[.contentSecurityPolicy] == nil {
      reply.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
    }
    if reply.headers[.permissionsPolicy] == nil {
      reply.headers[.permissionsPolicy] = WebClient.permissionsPolicy
    }
    if reply.headers[.cacheControl] == nil { reply.headers[.cacheControl] = "no-store" }
    if call.isTLS || services.configuration.publicURL?.hasPrefix("https://") == true {
      reply.headers[.strictTransportSecurity] = "max-age=31536000"
    }
    reply.headers[.date] = services.environment.clock.wall().httpDate
    count(reply.status)
    return reply
  }

  private func answer(_ call: HTTPCall) async -> HTTPReply {
    let found = router.find(call)
    let cors: HTTPFields =
      if let route = found?.0 {
        route.crossOrigin ? services.origins.headers(for: call, allow: route.allow) : [:]
      } else if call.segments.first == "client" {
        // Modules of other origins import the client library from here.
        services.origins.headers(for: call, allow: "GET, HEAD, OPTIONS")
      } else {
        [:]
      }
    var reply: HTTPReply
    do {
      if let failure = tooFast(call) { throw failure }
      reply = try await handle(call, found)
    } catch let failure as HTTPFailure {
      reply = failure.reply
    } catch {
      services.environment.logger.error(
        "a request failed", metadata: ["error": "\(type(of: error))"])
      reply =
        HTTPFailure(.internalServerError, "internal", "the server made a mistake").reply
    }
    for field in cors { reply.headers[field.name] = field.value }
    return reply
  }

  private func handle(
    _ call: HTTPCall, _ found: (HTTPRouter.Route, parameters: [String])?
  ) async throws -> HTTPReply {
    if let (route, parameters) = found {
      return try await router.respond(to: call, route, parameters)
    }
    if let asset = pages.asset(call.path) { return try pages.respond(to: call, asset) }
    throw HTTPFailure(
      .notFound, "not-found",
      "there is nothing at this path; the interface is described at "
        + PageRoutes.description)
  }

  private func tooFast(_ call: HTTPCall) -> HTTPFailure? {
    if services.configuration.loadTestEnabled, call.segments.count > 1,
      ["whip", "whep"].contains(call.segments[0]), call.segments[1].hasPrefix("bench-")
    {
      return nil
    }
    let verdict = services.limiter.request(
      from: call.client, at: services.environment.clock.now())
    guard case .refused(let seconds) = verdict else { return nil }
    services.environment.counters.add(.rateLimited)
    return .tooMany(retryAfter: seconds)
  }

  private func count(_ status: HTTPResponse.Status) {
    let counter: SignalingCounters.Counter =
      switch status.kind {
      case .informational: .httpInformational
      case .successful: .httpSuccess
      case .redirection: .httpRedirection
      case .clientError: .httpClientError
      case .serverError, .invalid: .httpServerError
      }
    services.environment.counters.add(counter)
  }
}

extension HTTPFailure {
  /// A `GET /v1/signal` that was not upgraded.
  fileprivate static func upgradeNeeded(_ call: HTTPCall, _ origins: OriginPolicy) -> Self {
    guard origins.allowsWebSocket(origin: call.headers[.origin], authority: call.authority) else {
      return Self(
        .forbidden, "forbidden",
        "a page of this origin may not connect: add it to http.allowedOrigins")
    }
    return Self(
      .upgradeRequired, "upgrade-required", "this path is a WebSocket (RFC 6455)",
      headers: [.upgrade: "websocket", .connection: "Upgrade"])
  }
}

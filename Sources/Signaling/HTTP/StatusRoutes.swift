internal import Consultation
internal import HTTPTypes
internal import Wire

/// `/health` and `/metrics`.
struct StatusRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init("/health/live", [.get(live)]),
      .init("/health/ready", [.get(ready)]),
      .init("/metrics", [.get(metrics)]),
    ]
  }

  private func live(_ call: HTTPCall) async throws -> HTTPReply {
    HTTPReply(.ok, json: ["status": "live", "version": services.configuration.version])
  }

  /// Whether new consultations can be served: the record can be read and the workers follow.
  private func ready(_ call: HTTPCall) async throws -> HTTPReply {
    var checks = ["workers": "ready", "records": "ready"]
    if !services.status.workersAreReady { checks["workers"] = "overloaded" }
    do throws(RecordStoreError) {
      _ = try await services.environment.store.consultations(state: .active, limit: 1)
    } catch {
      checks["records"] = "failing"
    }
    if services.status.isShuttingDown { checks["server"] = "shutting-down" }
    let isReady = checks.values.allSatisfy { $0 == "ready" }
    // No reason to send nobody here: who comes back is let in.
    checks["admission"] = services.environment.admission.closed?.name ?? "open"
    checks["status"] = isReady ? "ready" : "unready"
    return HTTPReply(isReady ? .ok : .serviceUnavailable, json: checks)
  }

  private func metrics(_ call: HTTPCall) async throws -> HTTPReply {
    // What a proxy on this machine forwards is not local.
    let isLocal =
      call.client?.isLoopback == true && !services.configuration.isBehindProxy
      && call.headers[.forwardedFor] == nil
    if !services.configuration.metricsPublic && !isLocal {
      let token = try await services.authenticate(call)
      try services.require(token.role.allows(.watchServer), token)
    }
    await services.status.refresh()
    let occupied = await services.directory.occupancy()
    let page = MetricsPage(
      counters: services.environment.counters, occupied: occupied.map { ($0.state, $0.presences) },
      workers: services.status.workers, sockets: services.status.sockets,
      quality: await services.environment.quality?.histograms,
      turns: services.status.turns,
      isOpen: services.environment.admission.closed == nil,
      refusals: services.environment.refusals.totals,
      webhooks: try? await services.environment.store.webhooks(),
      hooks: services.environment.renditions?.figures)
    return HTTPReply(
      .ok, text: page.text, type: "text/plain; version=0.0.4; charset=utf-8")
  }
}

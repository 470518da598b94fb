internal import Consultation
internal import FoundationEssentials
internal import HTTPTypes

/// What those who run the server see: quality, never identity.
struct QualityRoutes: Sendable {
  /// Between two pictures of the whole.
  static let period = Duration.seconds(2)

  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init("/v1/consultations/*/quality", crossOrigin: true, [.get(quality)]),
      .init("/v1/ops/consultations", crossOrigin: true, [.get(overview)]),
      .init("/v1/ops/events", crossOrigin: true, [.get(events)]),
    ]
  }

  private func quality(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(
      token.role.allows(.watchServer) || token.role.allows(.readConsultation)
        || (token.consultation != nil && token.role.allows(.removeOthers)), token)
    if let detail = await services.environment.quality?.detail(of: id) {
      return HTTPReply(.ok, json: detail)
    }
    _ = try await services.record(id)
    let kept: [QualityRecord]
    do throws(RecordStoreError) {
      kept = try await services.environment.store.quality(of: id)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    guard let last = kept.last else {
      throw HTTPFailure(.notFound, "not-found", "nobody has been in this consultation yet")
    }
    try await services.noteReading(call, token, id, "quality")
    return HTTPReply(.ok, text: last.content, type: "application/json")
  }

  private func overview(_ call: HTTPCall) async throws -> HTTPReply {
    let token = try await services.authenticate(call)
    try services.require(token.role.allows(.watchServer), token)
    return HTTPReply(.ok, json: await view())
  }

  private func view() async -> OperationsView {
    let occupied = await services.directory.occupancy()
    let tiles = await services.environment.quality?.wall() ?? []
    let nodes = await services.environment.quality?.nodes ?? []
    let admission = services.environment.admission
    let counters = services.environment.counters
    let known = Dictionary(tiles.map { ($0.id, $0) }) { first, _ in first }
    return OperationsView(
      participants: occupied.reduce(0) { $0 + $1.participants },
      admission: .init(
        state: admission.closed?.name ?? "open", limit: admission.limit,
        refused: counters[.joinsRefusedLimit] + counters[.joinsRefusedLoad]),
      consultations: occupied.map {
        .init(
          id: $0.id.rawValue, state: $0.state.rawValue, participants: $0.participants,
          quality: known[$0.id.rawValue])
      }
      .sorted {
        ($1.quality?.suffering ?? 0, $0.id) < ($0.quality?.suffering ?? 0, $1.id)
      },
      workers: nodes.map {
        var worker = OperationsView.Worker($0)
        worker.isOpen = admission.isOpen($0.worker)
        return worker
      })
  }

  /// Server-sent events (HTML standard, section 9.2): `overview` every two seconds, `incident-begin` and
  /// `incident-end` as they happen.
  private func events(_ call: HTTPCall) async throws -> HTTPReply {
    let token = try await services.authenticate(call)
    try services.require(token.role.allows(.watchServer), token)
    guard let incidents = await services.environment.quality?.events() else {
      throw HTTPFailure(
        .serviceUnavailable, "busy", "too many watch already: try again later",
        headers: [.retryAfter: "10"])
    }
    let (stream, continuation) = AsyncStream.makeStream(
      of: [UInt8].self, bufferingPolicy: .bufferingNewest(64))
    let status = services.status
    let expires = token.expires
    let pictures = Task {
      while !Task.isCancelled, !status.isShuttingDown,
        services.environment.clock.wall() < expires
      {
        continuation.yield(Self.event("overview", await view()))
        do { try await Task.sleep(for: Self.period) } catch { break }
      }
      continuation.finish()
    }
    let changes = Task {
      for await event in incidents {
        continuation.yield(
          Self.event(
            event.name,
            IncidentEvent(consultation: event.consultation, incident: event.incident)))
      }
    }
    continuation.onTermination = { _ in
      pictures.cancel()
      changes.cancel()
    }
    var reply = HTTPReply(.ok, headers: [.contentType: "text/event-stream"])
    reply.stream = stream
    return reply
  }

  private struct IncidentEvent: Encodable {
    var consultation: String
    var incident: IncidentView
  }

  private static func event(_ name: String, _ data: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = (try? encoder.encode(data)).map { Array($0) } ?? Array("{}".utf8)
    return Array("event: \(name)\ndata: ".utf8) + text + Array("\n\n".utf8)
  }
}

extension OperationsView.Worker {
  fileprivate init(_ health: QualityMonitor.NodeHealth) {
    index = health.worker
    load = rounded(health.load)
    slowTurns = rounded(health.slowTurns)
    arenaUse = rounded(health.arenaUse)
    peers = health.peers
    isOverloaded = health.isOverloaded
  }
}

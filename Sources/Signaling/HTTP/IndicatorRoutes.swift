internal import Consultation
internal import HTTPTypes

/// `GET /v1/indicators`: how consultations went, for the program that books.
struct IndicatorRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [.init("/v1/indicators", crossOrigin: true, [.get(indicators)])]
  }

  private struct View: Encodable {
    var kind: String
    var booked: Int
    var attempted: Int
    var met: Int
    var completed: Int
    var patientMissing: Int
    /// Shares, 0...1; absent where there is nothing to have a share of.
    var metShare: Double?
    var dropShare: Double?
    var reconnectsPerStay: Double?
    /// Seconds.
    var waitMedian: Double?
    var wait95: Double?
    var meanDuration: Double?
    var meanSound: Double?
    var unusableShare: Double?
    /// 1 to 5, and of how many.
    var satisfaction: Double?
    var satisfactions: Int

    init(_ one: Indicators) {
      kind = one.kind?.rawValue ?? "all"
      booked = one.booked
      attempted = one.attempted
      met = one.met
      completed = one.completed
      patientMissing = one.patientMissing
      metShare = one.attempted > 0 ? Double(one.met) / Double(one.attempted) : nil
      dropShare = one.stays > 0 ? Double(one.dropped) / Double(one.stays) : nil
      reconnectsPerStay = one.stays > 0 ? Double(one.reconnects) / Double(one.stays) : nil
      waitMedian = Indicators.percentile(one.waits, 0.5)
      wait95 = Indicators.percentile(one.waits, 0.95)
      meanDuration = Indicators.mean(one.durations)
      meanSound = Indicators.mean(one.sound)
      satisfaction = Indicators.mean(one.satisfaction)
      satisfactions = one.satisfaction.count
      unusableShare = Indicators.mean(one.unusable)
    }
  }

  private struct Answer: Encodable {
    var from: String
    var to: String
    var indicators: [View]
  }

  private func indicators(_ call: HTTPCall) async throws -> HTTPReply {
    let token = try await services.authenticate(call)
    try services.require(
      token.role.allows(.readConsultation) && token.consultation == nil, token)
    let span = try RecordSpan(call, services)
    let found: [Indicators]
    do throws(RecordStoreError) {
      found = try await services.environment.store.indicators(
        from: span.from, to: span.to, at: services.environment.clock.wall())
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    try await services.noteReading(call, token, nil, "indicators")
    return HTTPReply(
      .ok,
      json: Answer(
        from: span.from.description, to: span.to.description, indicators: found.map(View.init)))
  }
}

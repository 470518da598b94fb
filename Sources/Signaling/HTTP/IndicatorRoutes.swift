internal import Consultation
internal import HTTPTypes

/// `GET /v1/indicators`: how consultations went, for the program that books and for operations.
struct IndicatorRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [.init("/v1/indicators", crossOrigin: true, [.get(indicators)])]
  }

  private struct View: Encodable {
    /// `all`, or the name of the group: empty where consultations have none.
    var group: String
    var booked: Int
    var attempted: Int
    var met: Int
    var completed: Int
    var completedWithVideo: Int
    var patientMissing: Int
    /// Shares, 0...1; absent where there is nothing to have a share of.
    var metShare: Double?
    var noShowShare: Double?
    var dropShare: Double?
    var reconnectShare: Double?
    /// Seconds.
    var waitMedian: Double?
    var wait95: Double?
    var setupMedian: Double?
    var setup95: Double?
    var meanDuration: Double?
    var meanSound: Double?
    var unusableShare: Double?
    /// 1 to 5, and of how many.
    var satisfaction: Double?
    var satisfactions: Int

    init(_ one: Indicators) {
      func share(_ part: Int, of whole: Int) -> Double? {
        whole > 0 ? Double(part) / Double(whole) : nil
      }
      group = one.group ?? "all"
      booked = one.booked
      attempted = one.attempted
      met = one.met
      completed = one.completed
      completedWithVideo = one.completedWithVideo
      patientMissing = one.patientMissing
      metShare = share(one.met, of: one.attempted)
      noShowShare = share(one.patientMissing, of: one.patientMissing + one.met)
      dropShare = share(one.dropped, of: one.stays)
      reconnectShare = share(one.reconnected, of: one.connected)
      waitMedian = Indicators.percentile(one.waits, 0.5)
      wait95 = Indicators.percentile(one.waits, 0.95)
      setupMedian = Indicators.percentile(one.setups, 0.5)
      setup95 = Indicators.percentile(one.setups, 0.95)
      meanDuration = Indicators.mean(one.durations)
      meanSound = Indicators.mean(one.sound)
      unusableShare = Indicators.mean(one.unusable)
      satisfaction = Indicators.mean(one.satisfaction)
      satisfactions = one.satisfaction.count
    }
  }

  private struct Answer: Encodable {
    var from: String
    var to: String
    var indicators: [View]
  }

  private func indicators(_ call: HTTPCall) async throws -> HTTPReply {
    let token = try await services.authenticate(call)
    // Sums alone: nothing of one consultation.
    try services.require(
      token.role.allows(.watchServer) && token.consultation == nil, token)
    let grouping = try call.query["by"].map { text in
      guard let grouping = Indicators.Grouping(rawValue: text) else {
        throw HTTPFailure(
          .badRequest, "bad-field", "the parameter `by` is kind, organisation or service")
      }
      return grouping
    }
    let span = try RecordSpan(call, services)
    let found: [Indicators]
    do throws(RecordStoreError) {
      found = try await services.environment.store.indicators(
        from: span.from, to: span.to, by: grouping ?? .kind,
        services.environment.configuration.act, at: services.environment.clock.wall())
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

internal import Consultation
internal import HTTPTypes

/// Erasing and purging, for the program that books.
struct ErasureRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init("/v1/consultations/*/erase", crossOrigin: true, [.post(erase)]),
      .init("/v1/records/purge", crossOrigin: true, [.post(purge)]),
    ]
  }

  /// Consultations in one transaction, and in one entry of the audit log.
  private static let batch = 500

  private struct Wish: RequestContent {
    var isTrial: Bool

    init(_ fields: FieldReader) throws {
      isTrial =
        try fields.optionalBoolean("trial", "whether only to say what would go") ?? false
    }
  }

  private struct PurgedView: Encodable {
    var category: String
    /// What had ended before then.
    var before: String
    var count: Int
    var sha256: String
  }

  private func erase(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await authorized(call)
    let environment = services.environment
    let eraser = RecordReading(
      role: token.role, reader: token.reader, consultation: id, category: "personal", origin: nil,
      purpose: "HOPERAT")
    do throws(RecordStoreError) {
      _ = try await environment.store.erase(id, by: eraser, at: environment.clock.wall())
      try await forgetFiles()
    } catch {
      switch error {
      case .noSuchConsultation:
        throw HTTPFailure(.notFound, "not-found", "there is no consultation of this id")
      case .notEnded:
        throw HTTPFailure(
          .conflict, "wrong-state", "the consultation has not ended: end it, then erase")
      default: throw HTTPFailure.storage(error, environment)
      }
    }
    return HTTPReply(.ok, json: ["erased": id.rawValue])
  }

  private func purge(_ call: HTTPCall) async throws -> HTTPReply {
    _ = try await authorized(call)
    let wish = try await RequestContentReader.read(call, as: Wish.self)
    let environment = services.environment
    let now = environment.clock.wall()
    var purged: [PurgedView] = []
    do throws(RecordStoreError) {
      for category in Retention.Category.allCases {
        guard let limit = environment.configuration.retention.limit(of: category, at: now) else {
          continue
        }
        var one: Purged
        repeat {
          one = try await environment.store.purge(
            category, endedBefore: limit, isTrial: wish.isTrial,
            atMost: wish.isTrial ? .max : Self.batch, at: now)
          purged.append(
            PurgedView(
              category: category.rawValue, before: limit.description, count: one.count,
              sha256: one.digest))
        } while !wish.isTrial && one.count == Self.batch
      }
      if !wish.isTrial { try await forgetFiles() }
    } catch {
      throw HTTPFailure.storage(error, environment)
    }
    return HTTPReply(.ok, json: ["purged": purged])
  }

  /// Files that were handed over, and recordings, go with what they belong to.
  private func forgetFiles() async throws(RecordStoreError) {
    let environment = services.environment
    let handedOver = await environment.files?.handedOver ?? []
    let recorded = await environment.recordings?.consultations ?? []
    for id in handedOver.union(recorded) {
      let record = try await environment.store.consultation(id)
      guard record == nil || record?.erasedAt != nil else { continue }
      await environment.files?.erase(id)
      await environment.recordings?.erase(id)
    }
  }

  private func authorized(_ call: HTTPCall) async throws -> AccessToken {
    let token = try await services.authenticate(call)
    try services.require(token.role == .backend && token.consultation == nil, token)
    return token
  }
}

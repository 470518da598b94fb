internal import Consultation
internal import HTTPTypes
internal import Logging
internal import Wire

/// What the handlers work with.
struct HTTPServices: Sendable {
  let environment: RoomEnvironment
  let directory: ConsultationDirectory
  let authority: AccessTokenAuthority
  let limiter: AddressLimiter
  let joins: JoinLimiter
  let origins: OriginPolicy
  let status: ServerStatus

  var configuration: SignalingConfiguration { environment.configuration }

  /// The bearer of the request.
  ///
  /// - Throws: `HTTPFailure` 401, 403 or 429.
  func authenticate(_ call: HTTPCall) async throws(HTTPFailure) -> AccessToken {
    do throws(VerificationFailure) {
      return try await verify(call.bearerToken ?? "", from: call.client)
    } catch {
      switch error {
      case .token(let refusal): throw HTTPFailure(refusal)
      case .tooManyRefusals(let seconds): throw .tooMany(retryAfter: seconds)
      }
    }
  }

  enum VerificationFailure: Error {
    case token(TokenRefusal)
    /// This address has sent so many bad tokens that none is looked at, for so many seconds.
    case tooManyRefusals(retryAfter: Int)
  }

  /// Used by HTTP and by `join`.
  func verify(
    _ token: String, from client: IPAddress?
  ) async throws(VerificationFailure) -> AccessToken {
    if case .refused(let seconds) = limiter.mayTry(from: client, at: environment.clock.now()) {
      environment.counters.add(.rateLimited)
      throw .tooManyRefusals(retryAfter: seconds)
    }
    do throws(TokenRefusal) {
      let verified = try await authority.verify(token, at: environment.clock.wall())
      guard verified.role != .loadtest || configuration.loadTestEnabled else {
        throw .notAllowed(.loadtest)
      }
      return verified
    } catch {
      environment.refusals.note(error, about: nil)
      if error != .missing { limiter.refusal(from: client, at: environment.clock.now()) }
      throw .token(error)
    }
  }

  /// A bearer that may act on a consultation.
  func authenticate(
    _ call: HTTPCall, for consultation: ConsultationID
  ) async throws(HTTPFailure) -> AccessToken {
    let token = try await authenticate(call)
    guard token.consultation == nil || token.consultation == consultation else {
      throw HTTPFailure(refuse(.otherConsultation, token))
    }
    return token
  }

  /// A bearer that comes in: how often is limited.
  func authenticateJoin(
    _ call: HTTPCall, for consultation: ConsultationID
  ) async throws(HTTPFailure) -> AccessToken {
    let token = try await authenticate(call, for: consultation)
    if let seconds = mayJoin(token, call.bearerToken ?? "", from: call.client) {
      throw .tooMany(retryAfter: seconds)
    }
    return token
  }

  /// Seconds to wait; `nil` when the bearer may come in now.
  func mayJoin(_ token: AccessToken, _ text: String, from client: IPAddress?) -> Int? {
    guard token.role != .loadtest,
      let seconds = joins.join(text, from: client, at: environment.clock.now())
    else { return nil }
    environment.counters.add(.joinsRefusedRate)
    return seconds
  }

  /// A token that is genuine and no good here.
  func refuse(_ refusal: TokenRefusal, _ token: AccessToken) -> TokenRefusal {
    environment.refusals.note(refusal, about: token.consultation)
    return refusal
  }

  func require(
    _ isAllowed: Bool, _ token: AccessToken
  ) throws(HTTPFailure) {
    guard isAllowed else { throw HTTPFailure(refuse(.notAllowed(token.role), token)) }
  }

  /// `https://host`, without a slash at the end.
  func base(_ call: HTTPCall) -> String {
    if let url = configuration.publicURL {
      return url.hasSuffix("/") ? String(url.dropLast()) : url
    }
    // Only the one who asks gets to see it, so that its word is good enough.
    let isSecure = call.isTLS || call.headers[.forwardedProto]?.lowercased() == "https"
    return (isSecure ? "https://" : "http://") + (call.authority ?? "localhost")
  }

  /// The id of a path.
  func consultation(_ text: String) throws(HTTPFailure) -> ConsultationID {
    guard let id = ConsultationID(rawValue: text) else {
      throw HTTPFailure(
        .notFound, "not-found",
        "there is no consultation of this id: an id is 1 to 64 of A-Z a-z 0-9 _ - .")
    }
    return id
  }

  func participant(_ text: String) throws(HTTPFailure) -> ParticipantID {
    guard let id = ParticipantID(rawValue: text) else {
      throw HTTPFailure(
        .notFound, "not-found",
        "there is no participant of this id: an id is 1 to 64 of A-Z a-z 0-9 _ - .")
    }
    return id
  }

  /// The record of a consultation that the token may know of.
  func record(_ id: ConsultationID) async throws(HTTPFailure) -> ConsultationRecord {
    let record: ConsultationRecord?
    do throws(RecordStoreError) {
      record = try await environment.store.consultation(id)
    } catch {
      throw .storage(error, environment)
    }
    guard let record else {
      throw HTTPFailure(.notFound, "not-found", "there is no consultation of this id")
    }
    return record
  }
}

extension HTTPFailure {
  static func tooMany(retryAfter seconds: Int) -> Self {
    Self(
      .tooManyRequests, "rate-limited",
      "too many requests from this address: wait \(seconds) s",
      headers: [.retryAfter: String(seconds)])
  }

  static func storage(_ error: RecordStoreError, _ environment: RoomEnvironment) -> Self {
    environment.counters.add(.recordFailures)
    environment.logger.error("the record store failed", metadata: ["error": "\(error)"])
    return Self(
      .serviceUnavailable, "internal", "the record store does not answer now: try again",
      headers: [.retryAfter: "5"])
  }
}

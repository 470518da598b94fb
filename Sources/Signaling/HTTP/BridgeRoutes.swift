internal import Consultation
internal import FoundationEssentials
internal import HTTPTypes
internal import Transport
internal import Wire

/// `/v1/consultations/{id}/bridges`: participants by RTP, begun and ended by the program that books.
struct BridgeRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init("/v1/consultations/*/bridges", crossOrigin: true, [.get(list), .post(begin)]),
      .init("/v1/consultations/*/bridges/*", crossOrigin: true, [.delete(end)]),
    ]
  }

  private func begin(_ call: HTTPCall) async throws -> HTTPReply {
    let (id, token) = try await authorize(call)
    let wish = try await RequestContentReader.read(call, as: BridgeRequest.self)
    let record = try await services.record(id)
    guard record.state != .ended else { throw HTTPFailure(JoinRefusal(.ended)) }
    let guest = AccessToken(
      role: wish.role, consultation: id, name: wish.name, expires: token.expires)
    let state = try await withRoom(id, token) { room in
      try await room.beginBridge(wish.wish, wish.direction, guest)
    }
    return HTTPReply(
      .created, json: BridgeView(state, wish.wish.payloadType),
      headers: [
        .location: services.base(call) + "/v1/consultations/\(id)/bridges/\(state.participant)"
      ])
  }

  private func list(_ call: HTTPCall) async throws -> HTTPReply {
    let (id, token) = try await authorize(call)
    _ = try await services.record(id)
    let states = await services.directory.loaded(id)?.bridgeStates ?? []
    try await services.noteReading(call, token, id, "bridges")
    return HTTPReply(.ok, json: ["bridges": states.map { BridgeView($0, nil) }])
  }

  private func end(_ call: HTTPCall) async throws -> HTTPReply {
    let (id, token) = try await authorize(call)
    let participant = try services.participant(call.parameters[1])
    try await withRoom(id, token) { room in try await room.endBridge(participant) }
    return HTTPReply(.noContent)
  }

  private func authorize(
    _ call: HTTPCall
  ) async throws(HTTPFailure) -> (ConsultationID, AccessToken) {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(token.role.allows(.bridge), token)
    return (id, token)
  }

  private func withRoom<Result: Sendable>(
    _ id: ConsultationID, _ token: AccessToken,
    _ body: @Sendable (RoomSession) async throws -> Result
  ) async throws(HTTPFailure) -> Result {
    do {
      return try await services.directory.withRoom(id, for: token, body)
    } catch let refusal as JoinRefusal {
      throw HTTPFailure(refusal)
    } catch let error as SignalingError {
      throw HTTPFailure(error)
    } catch {
      throw HTTPFailure(.internalServerError, "internal", "the server made a mistake")
    }
  }
}

struct BridgeRequest: RequestContent {
  var role: ParticipantRole
  var name: DisplayName?
  var direction: Bridge.Direction
  var wish: BridgeWish

  /// LUFS.
  private static let loudness = -40.0 ... -14.0

  init(_ fields: FieldReader) throws {
    let roleText = try fields.text("role", limit: 32, "as what it takes part, as \"interpreter\"")
    guard let role = ParticipantRole(rawValue: roleText) else {
      throw SignalingError(
        .badField, "field `role` is one of interpreter, relative, expert, observer")
    }
    self.role = role
    name = try fields.optionalText("name", limit: 1024, "the name that the others see").map {
      guard let name = DisplayName(rawValue: $0) else {
        throw SignalingError(.badField, "field `name` is 1 to 64 visible characters")
      }
      return name
    }
    direction =
      try fields.optionalText("direction", limit: 16, "as in SDP, from here").map {
        guard let direction = Bridge.Direction(rawValue: $0) else {
          throw SignalingError(
            .badField, "field `direction` is one of sendrecv, sendonly, recvonly")
        }
        return direction
      } ?? .both
    let payloadType = try fields.integer("payloadType", "that of Opus, 96 to 127")
    guard (96...127).contains(payloadType) else {
      throw SignalingError(.badField, "field `payloadType` is \(payloadType): it is 96 to 127")
    }
    let loudness = try fields.optionalDouble(
      "loudness", "LUFS that each voice is brought nearer to")
    if let loudness, !Self.loudness.contains(loudness) {
      throw SignalingError(.badField, "field `loudness` is -40 to -14")
    }
    wish = BridgeWish(
      remote: try Self.remote(fields), payloadType: UInt8(payloadType),
      sends: direction != .speaks, keys: try Self.keys(fields), loudness: loudness)
  }

  private static func remote(_ fields: FieldReader) throws -> TransportAddress {
    let expected =
      "where RTP goes to and comes from, as {\"address\": \"10.20.0.5\", \"port\": 4000}"
    guard let remote = try fields.optionalObject("remote", expected) else {
      throw SignalingError(.badField, "field `remote` is \(expected)")
    }
    let text = try remote.text("address", limit: 64, "an IP address")
    let port = try remote.integer("port", "a UDP port")
    guard let ip = IPAddress(text: text), let number = UInt16(exactly: port), number > 0 else {
      throw SignalingError(.badField, "field `remote` is \(expected)")
    }
    return TransportAddress(ip: ip, port: number)
  }

  private static func keys(_ fields: FieldReader) throws -> BridgeKeys? {
    guard let srtp = try fields.optionalObject("srtp", "keys, where it is not plain RTP") else {
      return nil
    }
    let suiteText = try srtp.text("suite", limit: 64, "as \"AEAD_AES_128_GCM\"")
    let outgoing = try srtp.text("outgoing", limit: 128, "base64 of key and salt that we send with")
    let incoming = try srtp.text("incoming", limit: 128, "base64 of key and salt that we get")
    guard let suite = SRTPProfile(rawValue: suiteText), let one = Data(base64Encoded: outgoing),
      let other = Data(base64Encoded: incoming),
      let keys = BridgeKeys(suite: suite, outgoing: [UInt8](one), incoming: [UInt8](other))
    else {
      throw SignalingError(
        .badField,
        "field `srtp`: `suite` is one of "
          + SRTPProfile.allCases.map(\.rawValue).joined(separator: ", ")
          + "; `outgoing` and `incoming` are base64 of its key and salt, one after the other, and "
          + "differ")
    }
    return keys
  }
}

private struct BridgeView: Encodable {
  struct Address: Encodable {
    var address: String
    var port: UInt16
  }

  var participant: String
  var role: String
  var direction: String
  var encrypted: Bool
  var state: String
  /// Where the other side sends to.
  var local: Address
  var payloadType: UInt8?
  var packets: BridgeFigures

  init(_ state: RoomSession.BridgeState, _ payloadType: UInt8?) {
    participant = state.participant.rawValue
    role = state.role.rawValue
    direction = state.bridge.direction.rawValue
    encrypted = state.bridge.isEncrypted
    self.state = state.state
    local = Address(address: "\(state.local.ip)", port: state.local.port)
    self.payloadType = payloadType
    packets = state.figures
  }
}

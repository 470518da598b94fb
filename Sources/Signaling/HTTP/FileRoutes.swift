internal import Consultation
internal import HTTPTypes
internal import Transport

/// Sharing files with those who are in a consultation. The bearer is a participant: its resume token
/// proves to be here, which no access token does. A program that books fetches what is handed over.
struct FileRoutes: Sendable {
  let services: HTTPServices

  var routes: [HTTPRouter.Route] {
    [
      .init("/v1/consultations/*/files", crossOrigin: true, [.get(list), .post(begin)]),
      .init("/v1/consultations/*/files/*", crossOrigin: true, [.get(read), .patch(append)]),
    ]
  }

  // MARK: Sharing

  private func begin(_ call: HTTPCall) async throws -> HTTPReply {
    let shelf = try shelf()
    let (room, token) = try await participant(call)
    let wish = try await RequestContentReader.read(call, as: FileRequest.self)
    guard wish.size <= shelf.limits.size else {
      throw HTTPFailure(
        .contentTooLarge, "too-large", "a file is at most \(shelf.limits.size) octets")
    }
    try await refusing { try await room.mayShare(token.participant, limits: shelf.limits) }
    var random = SecretRandom()
    let id = FileID.random(using: &random)
    let key: [UInt8]?
    do throws(RecordStoreError) {
      key = try await services.environment.store.fileKey(of: room.id)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
    do throws(FileShelf.Failure) {
      try await shelf.begin(
        id, of: token.participant, in: room.id, name: wish.name, size: wish.size, sum: wish.sha256,
        key: key)
    } catch {
      throw failure(error)
    }
    return HTTPReply(
      .created,
      json: BegunView(id: id.rawValue, offset: 0, size: wish.size, chunk: FileShelf.chunkLimit),
      headers: [
        .location: services.base(call) + "/v1/consultations/\(room.id)/files/\(id)",
        .uploadOffset: "0",
      ])
  }

  private func append(_ call: HTTPCall) async throws -> HTTPReply {
    let shelf = try shelf()
    let (room, token) = try await participant(call)
    let id = try file(call)
    guard let offset = call.headers[.uploadOffset].flatMap({ Int($0) }), offset >= 0 else {
      throw HTTPFailure(
        .badRequest, "bad-field", "the header `Upload-Offset` says where these octets belong")
    }
    let octets = try await call.body(limit: FileShelf.chunkLimit)
    do throws(FileShelf.Failure) {
      let next = try await shelf.append(octets, at: offset, to: id, of: token.participant)
      guard let (content, name) = try await shelf.finished(id) else {
        return HTTPReply(.noContent, headers: [.uploadOffset: String(next)])
      }
      let message: FileMessage
      do throws(SignalingError) {
        message = try await room.share(id, content, name: name, of: token)
      } catch {
        // What cannot be shared now is not kept for later.
        await shelf.drop(id)
        return HTTPFailure(error).reply
      }
      return HTTPReply(.ok, json: message, headers: [.uploadOffset: String(next)])
    } catch {
      throw failure(error)
    }
  }

  // MARK: Reading

  /// `HEAD` is how far an upload is, to who sends it; `GET` is the content, to who may have it.
  private func read(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try file(call)
    guard let text = call.bearerToken, ResumeToken(text: text) != nil else {
      return try await handOver(call, id)
    }
    let shelf = try shelf()
    let (room, token) = try await participant(call)
    if call.method == .head {
      do throws(FileShelf.Failure) {
        let (offset, size) = try await shelf.offset(id, of: token.participant)
        return HTTPReply(
          .noContent, headers: [.uploadOffset: String(offset), .uploadLength: String(size)])
      } catch {
        throw failure(error)
      }
    }
    let (file, name) = try await refusing { try await room.fetch(id, with: token) }
    return send(file.id, file.type, file.size, name, shelf)
  }

  private func handOver(
    _ call: HTTPCall, _ id: FileID
  ) async throws -> HTTPReply {
    let consultation = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: consultation)
    try services.require(token.role.allows(.readConsultation), token)
    guard let file = try await records(of: consultation).first(where: { $0.id == id }),
      let until = file.keptUntil, until > services.environment.clock.wall()
    else { throw Self.noSuchFile }
    guard file.type != .webm else { return try await recording(call, token, file) }
    guard let shelf = services.environment.files, await shelf.contains(id, in: consultation) else {
      throw Self.noSuchFile
    }
    try await services.noteReading(call, token, consultation, "file")
    return send(id, file.type, file.size, "", shelf)
  }

  private func recording(
    _ call: HTTPCall, _ token: AccessToken, _ file: FileRecord
  ) async throws -> HTTPReply {
    guard let shelf = services.environment.recordings,
      await shelf.contains(file.id, in: file.consultation)
    else { throw Self.noSuchFile }
    switch call.query["mixed"] {
    case nil, "false": break
    case "true": return try await mixed(call, token, file, shelf)
    default: throw HTTPFailure(.badRequest, "bad-field", "`mixed` is `true` or `false`")
    }
    try await services.noteReading(call, token, file.consultation, "recording")
    var reply = attachment(file.id, file.type, "")
    let reading = RecordingReading(file.id, from: shelf)
    reply.parts = { try await reading.next() }
    return reply
  }

  /// All files of the recording that a file is of, put together while they are sent: no second copy is anywhere.
  private func mixed(
    _ call: HTTPCall, _ token: AccessToken, _ file: FileRecord, _ shelf: RecordingShelf
  ) async throws -> HTTPReply {
    // Before the records: what is closed comes into them a moment later, and would be missing.
    let closed = await shelf.closed(file.consultation, began: file.at)
    let files = try await records(of: file.consultation).filter {
      $0.type == .webm && $0.at == file.at
    }
    guard let source = services.environment.recorder else { throw Self.noSuchFile }
    for one in files {
      guard await shelf.contains(one.id, in: file.consultation) else { throw Self.noSuchFile }
    }
    guard let closed, closed.isSubset(of: files.map(\.id)) else {
      throw HTTPFailure(
        .conflict, "wrong-state", "not all files of this recording are closed yet: try again",
        headers: [.retryAfter: "1"])
    }
    try await services.noteReading(call, token, file.consultation, "recording")
    var reply = attachment(file.id, file.type, "")
    do throws(RecordingRefusal) {
      reply.parts = try source.mix(
        files.map { one in
          let reading = RecordingReading(one.id, from: shelf)
          return RecordedContent(name: one.owner.rawValue) { try await reading.next() }
        })
    } catch {
      throw HTTPFailure(
        .serviceUnavailable, "busy", "as much is decoded here as may be: try again",
        headers: [.retryAfter: "5"])
    }
    return reply
  }

  private func send(
    _ id: FileID, _ type: FileType, _ size: Int, _ name: String, _ shelf: FileShelf
  ) -> HTTPReply {
    var reply = attachment(id, type, name)
    let reading = FileReading(id, size: size, from: shelf)
    reply.parts = { try await reading.next() }
    return reply
  }

  private func attachment(_ id: FileID, _ type: FileType, _ name: String) -> HTTPReply {
    var reply = HTTPReply(.ok)
    reply.headers[.contentType] = type.mediaType
    reply.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    reply.headers[.contentDisposition] = ContentDisposition.attachment(
      name, else: "\(id).\(type.rawValue)")
    return reply
  }

  private func list(_ call: HTTPCall) async throws -> HTTPReply {
    let id = try services.consultation(call.parameters[0])
    let token = try await services.authenticate(call, for: id)
    try services.require(services.mayRead(token), token)
    _ = try await services.record(id)
    let files = try await records(of: id)
    try await services.noteReading(call, token, id, "files")
    return HTTPReply(.ok, json: ["files": files.map(FileRecordView.init)])
  }

  // MARK: Who, what

  private func shelf() throws(HTTPFailure) -> FileShelf {
    guard let shelf = services.environment.files else {
      throw HTTPFailure(.notFound, "not-found", "files are not shared on this server")
    }
    return shelf
  }

  private func file(_ call: HTTPCall) throws(HTTPFailure) -> FileID {
    guard let id = FileID(rawValue: call.parameters[1]) else { throw Self.noSuchFile }
    return id
  }

  /// The participant whose request it is.
  private func participant(_ call: HTTPCall) async throws -> (RoomSession, ResumeToken) {
    let id = try services.consultation(call.parameters[0])
    let now = services.environment.clock.now()
    if case .refused(let seconds) = services.limiter.mayTry(from: call.client, at: now) {
      throw HTTPFailure.tooMany(retryAfter: seconds)
    }
    guard let token = call.bearerToken.flatMap(ResumeToken.init(text:)), token.consultation == id,
      let room = await services.directory.loaded(id),
      (try? await room.holder(of: token)) != nil
    else {
      services.limiter.refusal(from: call.client, at: now)
      throw HTTPFailure(
        .unauthorized, "unauthorized",
        "files are for who is in the consultation: the bearer token is `resume.token` of `joined`",
        headers: [.wwwAuthenticate: "Bearer realm=\"visavis\""])
    }
    return (room, token)
  }

  private func records(of id: ConsultationID) async throws(HTTPFailure) -> [FileRecord] {
    do throws(RecordStoreError) {
      return try await services.environment.store.files(of: id)
    } catch {
      throw HTTPFailure.storage(error, services.environment)
    }
  }

  private func refusing<Result: Sendable>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    do { return try await body() } catch let error as SignalingError { throw HTTPFailure(error) }
  }

  private static let noSuchFile = HTTPFailure(
    .notFound, "not-found", "there is no such file for you here, or it is gone")

  private func failure(_ failure: FileShelf.Failure) -> HTTPFailure {
    switch failure.reason {
    case .noSuchUpload: Self.noSuchFile
    case .offset(let offset):
      HTTPFailure(
        .conflict, "wrong-state", "the next octets belong at \(offset)",
        headers: [.uploadOffset: String(offset)])
    case .tooLong:
      HTTPFailure(.contentTooLarge, "too-large", "this is more than the size that was announced")
    case .type:
      HTTPFailure(
        .unsupportedMediaType, "unsupported-media-type",
        "the content is none of "
          + (services.environment.files?.limits.types.map(\.mediaType).sorted() ?? [])
          .joined(separator: ", ")
          + "; the first octets of a file come in one request")
    case .sum:
      HTTPFailure(
        .unprocessableContent, "bad-field", "the content has another SHA-256 than was announced")
    case .full:
      HTTPFailure(
        .serviceUnavailable, "full", "the server has no room for files now: try again later",
        headers: [.retryAfter: "60"])
    case .storage:
      HTTPFailure(
        .serviceUnavailable, "internal", "the file could not be written: try again",
        headers: [.retryAfter: "5"])
    }
  }
}

private struct BegunView: Encodable {
  var id: String
  var offset: Int
  var size: Int
  /// Octets of a request at most.
  var chunk: Int
}

private struct FileRecordView: Encodable {
  var id: String
  var participant: String
  var type: String
  var size: Int
  var sha256: String
  var aside: Bool
  var at: String
  var keptUntil: String?

  init(_ file: FileRecord) {
    id = file.id.rawValue
    participant = file.owner.rawValue
    type = file.type.mediaType
    size = file.size
    sha256 = file.sha256
    aside = file.isAside
    at = file.at.description
    keptUntil = file.keptUntil?.description
  }
}

struct FileRequest: RequestContent {
  var name: String
  var size: Int
  var sha256: String?

  init(_ fields: FieldReader) throws {
    let name = try fields.text("name", limit: 1024, "the name of the file, for those who get it")
    guard let name = DisplayName(rawValue: String(name.suffix(64)))?.rawValue,
      !name.contains(where: { $0 == "/" || $0 == "\\" })
    else {
      throw SignalingError(
        .badField, "field `name` is 1 to 64 visible characters without a slash")
    }
    self.name = name
    size = try fields.integer("size", "octets of the file")
    guard size > 0 else { throw SignalingError(.badField, "field `size` is more than nothing") }
    sha256 = try fields.optionalText("sha256", limit: 64, "of the content, in hexadecimal")
    guard sha256.map({ $0.utf8.count == 64 && $0.allSatisfy(\.isHexDigit) }) ?? true else {
      throw SignalingError(.badField, "field `sha256` is 64 hexadecimal digits")
    }
    sha256 = sha256?.lowercased()
  }
}

/// RFC 6266: always to be saved, never to be shown by the browser as a page.
enum ContentDisposition {
  static func attachment(_ name: String, else plain: String) -> String {
    let text = name.isEmpty ? plain : name
    let ascii = String(
      text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._- ".contains($0)) ? $0 : "_" })
    // RFC 8187.
    let safe = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_".utf8)
    let encoded = text.utf8.map { octet in
      safe.contains(octet)
        ? String(UnicodeScalar(octet))
        : "%" + String(UInt16(octet) + 0x100, radix: 16, uppercase: true).dropFirst()
    }
    return "attachment; filename=\"\(ascii)\"; filename*=UTF-8''\(encoded.joined())"
  }
}

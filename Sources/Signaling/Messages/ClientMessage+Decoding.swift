internal import Consultation
internal import FoundationEssentials

extension ClientMessage {
  /// Octets of one message. The WebSocket layer closes the connection beyond that (4413).
  static let maximumLength = 65_536
  static let maximumTracks = 64

  /// Decodes one text message.
  ///
  /// Unknown fields are ignored, so that a newer client can talk to an older server.
  /// - Throws: what is wrong and what would be right, with the `id` of the message where it could
  ///   be read.
  init(decoding text: some Collection<UInt8>) throws(Refusal) {
    guard text.count <= Self.maximumLength else {
      throw Refusal(.tooLarge, "a message is at most \(Self.maximumLength) octets of JSON text")
    }
    do {
      self = try JSONDecoder().decode(ClientMessage.self, from: Data(text))
    } catch let refusal as Refusal {
      throw refusal
    } catch let error as SignalingError {
      throw Refusal(error.code, error.message)
    } catch {
      throw Refusal(.badJSON, "a message is one JSON object, as {\"type\": \"ping\"}")
    }
  }

  /// A message that cannot be taken, and the `id` that it carried.
  struct Refusal: Error, Equatable {
    var error: SignalingError
    var id: String?

    init(_ code: SignalingErrorCode, _ message: String, id: String? = nil) {
      error = SignalingError(code, message)
      self.id = id
    }
  }
}

extension ClientMessage: Decodable {
  init(from decoder: any Decoder) throws {
    let fields = try FieldReader(decoder)
    var id: String?
    do {
      id = try fields.optionalText("id", limit: 64, "the text that comes back as `re`")
      let type = try fields.text(
        "type", limit: 64, "what the message is, as \"join\", \"offer\" or \"leave\"")
      let body = try Body(type: type, fields)
      self.init(id: id, body: body)
    } catch let error as SignalingError {
      throw Refusal(error.code, error.message, id: id)
    }
  }
}

extension ClientMessage.Body {
  fileprivate init(type: String, _ fields: FieldReader) throws {
    switch type {
    case "join":
      self = .join(try ClientMessage.JoinRequest(fields))
    case "offer":
      self = .offer(try ClientMessage.OfferRequest(fields))
    case "candidate":
      self = .candidate(
        mid: try fields.optionalText("mid", limit: 16, "the mid of an m= section"),
        candidate: try fields.text(
          "candidate", limit: 1024, "the `candidate` of an RTCIceCandidate, or \"\" at the end"))
    case "mute":
      self = .mute(
        publication: try fields.publication(),
        muted: try fields.boolean("muted", "true or false"))
    case "prioritize":
      self = .prioritize(publication: try fields.publication(), priority: try fields.priority())
    case "unpublish":
      self = .unpublish(publication: try fields.publication())
    case "unsubscribe":
      self = .unsubscribe(publication: try fields.publication())
    case "view":
      self = .view(
        publication: try fields.publication(), width: try fields.pixels("width"),
        height: try fields.pixels("height"))
    case "stats": self = .stats(try ClientStatistics(fields))
    case "uplink":
      self = .uplink(
        carriesVideo: try fields.boolean("video", "whether your way to the server carries pictures")
      )
    case "admit": self = .admit(participant: try fields.participant())
    case "hold": self = .hold(participant: try fields.participant())
    case "remove":
      self = .remove(
        participant: try fields.participant(),
        ban: try fields.optionalBoolean("ban", "whether the bearer may not come in again") ?? false)
    case "consent": self = .consent(try ClientMessage.ConsentAnswer(fields))
    case "chat":
      self = .chat(
        text: try fields.text("text", limit: 2 * ChatText.limit, "what the others are to read"))
    case "capture": self = .capture(publication: try fields.publication())
    case "record":
      self = .record(isActive: try fields.boolean("active", "true to begin, false to end"))
    case "aside":
      self = .aside(isActive: try fields.boolean("active", "true to begin, false to end"))
    case "transfer":
      self = .transfer(
        participant: try fields.optionalText("participant", limit: 64, "the id of a physician"))
    case "check":
      self = .check(
        ClientMessage.CheckRequest(
          way: try fields.word("way", "what the connection is for"),
          offer: try ClientMessage.OfferRequest(fields)))
    case "check-report": self = .checkReport(try ClientMessage.CheckReport(fields))
    case "leave": self = .leave
    case "end": self = .end
    case "ping": self = .ping
    default:
      throw SignalingError(
        .unknownType,
        "no message has this type; the types are join, offer, candidate, mute, prioritize, "
          + "unpublish, unsubscribe, view, stats, uplink, admit, hold, remove, consent, chat, "
          + "capture, record, aside, transfer, check, check-report, leave, end and ping")
    }
  }
}

extension ClientMessage.JoinRequest {
  fileprivate init(_ fields: FieldReader) throws {
    let version = try fields.integer("v", "the version of the protocol, 1")
    guard version == 1 else {
      throw SignalingError(.badField, "field `v` is \(version): this server speaks version 1")
    }
    if let resume = try fields.optionalText(
      "resume", limit: 256, "the resume token of an earlier `joined`")
    {
      credential = .resume(resume)
    } else if let token = try fields.optionalText("token", limit: 4096, "an access token") {
      credential = .token(token)
    } else {
      throw SignalingError(
        .badField,
        "field `token` is missing: a join carries the access token of its link, or `resume` with "
          + "the resume token of an earlier `joined`")
    }
    consultation = try fields.optionalText(
      "consultation", limit: 64, "the id of the consultation")
  }
}

extension ClientMessage.ConsentAnswer {
  fileprivate init(_ fields: FieldReader) throws {
    purpose = try fields.consentPurpose()
    about = try fields.optionalText("about", limit: 64, "the id of a third participant")
    isGiven = try fields.boolean("given", "true to agree, false not to")
    version = try fields.text("version", limit: 64, "the version of the text that was read")
    language = try fields.text("language", limit: 16, "the language in which it was read")
  }
}

extension ClientMessage.CheckReport {
  fileprivate init(_ fields: FieldReader) throws {
    camera = try fields.word("camera", "how the camera was found")
    microphone = try fields.word("microphone", "how the microphone was found")
    tried = []
    reached = []
    guard let routes = try fields.optionalObject("routes", "an object, as {\"udp\": true}") else {
      return
    }
    for route in ConnectionCheck.Route.allCases {
      guard
        let isReached = try routes.optionalBoolean(
          route.rawValue, "whether the server was reached; absent: not tried")
      else { continue }
      tried.insert(route)
      if isReached { reached.insert(route) }
    }
  }
}

extension ClientMessage.OfferRequest {
  fileprivate init(_ fields: FieldReader) throws {
    sdp = try fields.text(
      "sdp", limit: ClientMessage.maximumLength,
      "an offer carries its session description (RFC 8866) as text")
    let entries = try fields.objects(
      "tracks", limit: ClientMessage.maximumTracks,
      "a list that says what each m= section is for, as "
        + "[{\"mid\": \"0\", \"publish\": {\"source\": \"microphone\"}}]")
    tracks = []
    for entry in entries {
      let track = try ClientMessage.TrackRequest(entry)
      guard !tracks.contains(where: { $0.mid == track.mid && $0.isPublish == track.isPublish })
      else {
        throw SignalingError(
          .badField,
          "field `\(entry.path("mid"))` repeats a mid: a section sends one track at most and "
            + "receives one at most")
      }
      tracks.append(track)
    }
  }
}

extension ClientMessage.TrackRequest {
  fileprivate init(_ fields: FieldReader) throws {
    mid = try fields.text("mid", limit: 16, "the mid of an m= section of the offer")
    let subscribe = try fields.optionalText(
      "subscribe", limit: 64, "the id of a publication of the roster")
    let publish = try fields.optionalObject(
      "publish", "an object, as {\"source\": \"camera\"}")
    switch (publish, subscribe) {
    case (let publish?, nil):
      use = .publish(
        source: try publish.text(
          "source", limit: 16, "\"microphone\", \"camera\" or \"screen\""),
        muted: try publish.optionalBoolean("muted", "true or false"),
        isEncrypted: try publish.optionalBoolean(
          "encrypted", "true when only receivers can open it, end to end"))
    case (nil, let publication?):
      use = .subscribe(publication: publication)
    default:
      throw SignalingError(
        .badField,
        "field `\(fields.path("publish"))` or `\(fields.path("subscribe"))`: a track has exactly "
          + "one of the two; a section without use is left out of the list")
    }
  }
}

extension FieldReader {
  /// A field that is one of few words.
  fileprivate func word<Value: RawRepresentable & CaseIterable>(
    _ name: String, _ meaning: String
  ) throws -> Value where Value.RawValue == String {
    let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
    guard let value = Value(rawValue: try text(name, limit: 32, "\(meaning): \(all)")) else {
      throw SignalingError(.badField, "field `\(path(name))` is one of \(all)")
    }
    return value
  }

  /// The field `purpose`.
  func consentPurpose() throws -> ConsentPurpose {
    let all = ConsentPurpose.allCases.map(\.rawValue).joined(separator: ", ")
    guard
      let purpose = ConsentPurpose(
        rawValue: try text("purpose", limit: 32, "what it is for: \(all)"))
    else { throw SignalingError(.badField, "field `\(path("purpose"))` is one of \(all)") }
    return purpose
  }

  fileprivate func priority() throws -> TrackPriority {
    let all = TrackPriority.allCases.map(\.rawValue).joined(separator: " or ")
    let value = try text("priority", limit: 16, "what counts more in the picture: \(all)")
    guard let priority = TrackPriority(rawValue: value) else {
      throw SignalingError(.badField, "field `\(path("priority"))` is \(all)")
    }
    return priority
  }

  fileprivate func pixels(_ name: String) throws -> Int {
    let value = try integer(name, "pixels of the screen, 0 to 16384")
    guard (0...16_384).contains(value) else {
      throw SignalingError(
        .badField, "field `\(path(name))` is \(value): pixels of the screen are 0 to 16384")
    }
    return value
  }

  fileprivate func participant() throws -> String {
    try text("participant", limit: 64, "the id of a participant")
  }

  fileprivate func publication() throws -> String {
    try text("publication", limit: 64, "the id of a publication of the roster")
  }
}

import Consultation
import HTTPTypes
import Testing
import Wire

@testable import Signaling

@Suite("HTTP")
struct HTTPTests {
  // MARK: REST

  @Test("a consultation is created, read, listed and ended")
  func consultations() async throws {
    let server = try await TestHTTPServer()
    let created = try await server.call(
      .post, "/v1/consultations", server.backend, body: #"{"id":"one"}"#,
      type: "application/json")
    #expect(created.status == .created)
    #expect(created.headers[.location] == "http://visavis.test:8080/v1/consultations/one")
    #expect(try server.json(created)["state"] as? String == "open")
    #expect(
      try await server.call(.post, "/v1/consultations", server.backend, body: #"{"id":"one"}"#)
        .status == .conflict)
    // Without a body the server gives the id.
    let second = try await server.call(.post, "/v1/consultations", server.backend)
    #expect(second.status == .created)
    #expect(
      try await server.call(.get, "/v1/consultations/one", server.backend).status == .ok)
    let list = try server.json(try await server.call(.get, "/v1/consultations", server.backend))
    #expect((list["consultations"] as? [Any])?.count == 2)

    let ended = try await server.call(.post, "/v1/consultations/one/end", server.backend)
    #expect(try server.json(ended)["state"] as? String == "ended")
    #expect(try server.json(ended)["endReason"] as? String == "ended")
    let again = try await server.call(.post, "/v1/consultations/one/end", server.backend)
    #expect(again.status == .gone)
    let open = try server.json(
      try await server.call(.get, "/v1/consultations?state=open", server.backend))
    #expect((open["consultations"] as? [Any])?.count == 1)
  }

  @Test(
    "bodies that are wrong are refused with the field",
    arguments: [
      ("nonsense", "bad-json"), ("[]", "bad-json"), (#"{"id":7}"#, "bad-field"),
      (#"{"id":"a b"}"#, "bad-field"), (#"{"kind":"group"}"#, "bad-field"),
      (#"{"leastDelay":1}"#, "bad-field"),
      (#"{"waitingRoom":"yes"}"#, "bad-field"),
    ])
  func badBodies(body: String, expected: String) async throws {
    let server = try await TestHTTPServer()
    let reply = try await server.call(.post, "/v1/consultations", server.backend, body: body)
    #expect(reply.status == .badRequest)
    #expect(try server.code(reply) == expected)
  }

  @Test("a consultation can ask for the least delay, and says whether it did")
  func leastDelay() async throws {
    let server = try await TestHTTPServer()
    for (body, expected) in [(#"{"id":"a","leastDelay":true}"#, true), (#"{"id":"b"}"#, false)] {
      let reply = try await server.call(.post, "/v1/consultations", server.backend, body: body)
      #expect(reply.status == .created)
      #expect(try server.json(reply)["leastDelay"] as? Bool == expected)
    }
    let read = try await server.call(.get, "/v1/consultations/a", server.backend)
    #expect(try server.json(read)["leastDelay"] as? Bool == true)
  }

  @Test("a consultation has a waiting room when asked for, and says who waits in it")
  func waitingRoom() async throws {
    let server = try await TestHTTPServer()
    for (body, expected) in [(#"{"id":"a","waitingRoom":true}"#, true), (#"{"id":"b"}"#, false)] {
      let reply = try await server.call(.post, "/v1/consultations", server.backend, body: body)
      #expect(reply.status == .created)
      #expect(try server.json(reply)["waitingRoom"] as? Bool == expected)
      let id = expected ? "a" : "b"
      let token = server.world.token(.patient, in: id)
      try await server.world.directory.withRoom(
        try #require(ConsultationID(rawValue: id)), for: token
      ) { room in
        _ = try await room.join(token, on: ClientLink(), re: nil)
      }
      let list = try await server.call(
        .get, "/v1/consultations/\(id)/participants", server.backend)
      let people = try #require(try server.json(list)["participants"] as? [[String: Any]])
      #expect(people[0]["waiting"] as? Bool == expected)
      #expect((people[0]["passages"] as? [Any])?.count == (expected ? 1 : 0))
    }
  }

  @Test("an invitation is a link that lets its bearer in")
  func invitations() async throws {
    let server = try await TestHTTPServer { $0.publicURL = "https://visavis.example.org/" }
    let room = try await server.world.room("one")
    let reply = try await server.call(
      .post, "/v1/consultations/one/invitations", server.backend,
      body: #"{"role":"patient","name":"Zoë","singleUse":true}"#, type: "application/json")
    #expect(reply.status == .created)
    let json = try server.json(reply)
    let text = try #require(json["token"] as? String)
    #expect(json["link"] as? String == "https://visavis.example.org/join#" + text)
    let token = try await server.world.services.authority.verify(
      text, at: server.world.clock.wall)
    #expect(token.singleUse)
    #expect(token.identifier == json["id"] as? String)
    let joined = try await TestClient(room).join(token)
    #expect(joined.participant.name == "Zoë")
    // The physician of this consultation invites too.
    let relative = try await server.call(
      .post, "/v1/consultations/one/invitations",
      server.world.token(.physician, in: "one"), body: #"{"role":"relative"}"#)
    #expect(relative.status == .created)
  }

  @Test(
    "invitations that make no sense are refused",
    arguments: [
      #"{}"#, #"{"role":"backend"}"#, #"{"role":"loadtest"}"#, #"{"role":"patient","name":""}"#,
      #"{"role":"patient","expires":"tomorrow"}"#,
      #"{"role":"patient","expires":"2001-01-01T00:00:00Z"}"#,
      #"{"role":"patient","expires":"2999-01-01T00:00:00Z"}"#,
      #"{"role":"patient","singleUse":"yes"}"#,
    ])
  func badInvitations(body: String) async throws {
    let server = try await TestHTTPServer()
    _ = try await server.world.room("one")
    let reply = try await server.call(
      .post, "/v1/consultations/one/invitations", server.backend, body: body)
    #expect(reply.status == .badRequest)
    #expect(try server.code(reply) == "bad-field")
  }

  @Test("participants are listed with every presence, and one can be removed")
  func participants() async throws {
    let server = try await TestHTTPServer()
    let room = try await server.world.room("one")
    let patient = try await server.world.join(room, .patient, name: "Zoë")
    let physician = try await server.world.join(room, .physician)
    try await physician.send(.leave)
    let path = "/v1/consultations/one/participants"
    let list = try server.json(try await server.call(.get, path, server.backend))
    let people = try #require(list["participants"] as? [[String: Any]])
    #expect(people.map { $0["state"] as? String } == ["connected", "left"])
    #expect(people.map { $0["name"] as? String } == ["Zoë", ""])
    let removed = try await server.call(
      .delete, path + "/\(try patient.id)", server.world.token(.physician, in: "one"))
    #expect(removed.status == .noContent)
    #expect(patient.link.closeCode == .over)
    #expect(
      try await server.call(.delete, path + "/nobody", server.backend).status == .notFound)
  }

  @Test("who may do what: 401 without a good token, 403 with one that does not allow it")
  func permissions() async throws {
    let server = try await TestHTTPServer()
    _ = try await server.world.room("one")
    let patient = server.world.token(.patient, in: "one")
    let stranger = server.world.token(.physician, in: "another")
    let ops = server.world.token(.ops, in: nil)
    let refused: [(HTTPRequest.Method, String, AccessToken)] = [
      (.post, "/v1/consultations", patient), (.get, "/v1/consultations", patient),
      (.get, "/v1/consultations/one", patient), (.get, "/v1/consultations/one", stranger),
      (.post, "/v1/consultations/one/end", patient),
      (.post, "/v1/consultations/one/end", stranger),
      (.post, "/v1/consultations/one/invitations", patient),
      (.delete, "/v1/consultations/one/participants/x", patient),
      (.get, "/v1/ops/consultations", patient), (.get, "/v1/ops/events", patient),
      (.get, "/v1/consultations/one/quality", patient),
      (.get, "/v1/consultations/one/quality", stranger), (.post, "/v1/consultations", ops),
      (.get, "/v1/consultations/one/participants", ops),
    ]
    for (method, path, token) in refused {
      let reply = try await server.call(method, path, token)
      #expect(reply.status == .forbidden, "\(method) \(path)")
      #expect(try server.code(reply) == "forbidden")
    }
    let anonymous = try await server.call(.get, "/v1/consultations")
    #expect(anonymous.status == .unauthorized)
    #expect(anonymous.headers[.wwwAuthenticate] == "Bearer realm=\"visavis\"")
    let forged = try await server.call(
      .get, "/v1/consultations", headers: [.authorization: "Bearer a.b.c"])
    #expect(forged.status == .unauthorized)
    #expect(forged.headers[.wwwAuthenticate]?.contains("invalid_token") == true)
    #expect(
      try await server.call(.get, "/v1/consultations/none", server.backend).status == .notFound)
  }

  @Test("operations see counts and ids of what is live, and no names")
  func operations() async throws {
    let server = try await TestHTTPServer()
    let room = try await server.world.room("one")
    _ = try await server.world.join(room, .patient, name: "Secret Name")
    _ = try await server.world.room("empty")
    let reply = try await server.call(
      .get, "/v1/ops/consultations", server.world.token(.ops, in: nil))
    #expect(
      String(decoding: reply.body, as: UTF8.self)
        == #"{"admission":{"refused":0,"state":"open"},"consultations":[{"id":"one","participants":1,"state":"open"}],"participants":1,"workers":[]}"#
    )
  }

  @Test("a record store that fails is a 503, and the readiness says so")
  func failingStore() async throws {
    let server = try await TestHTTPServer()
    #expect(try await server.call(.get, "/health/ready").status == .ok)
    server.world.store.fail(true)
    let reply = try await server.call(.post, "/v1/consultations", server.backend)
    #expect(reply.status == .serviceUnavailable)
    #expect(reply.headers[.retryAfter] != nil)
    #expect(try await server.call(.get, "/health/ready").status == .serviceUnavailable)
    #expect(try await server.call(.get, "/health/live").status == .ok)
  }

  // MARK: HTTP itself

  @Test("a known path answers other methods with 405 and Allow")
  func methods() async throws {
    let server = try await TestHTTPServer()
    let cases: [(HTTPRequest.Method, String, String)] = [
      (.put, "/v1/consultations", "GET, POST, HEAD, OPTIONS"),
      (.get, "/whip/one", "POST, OPTIONS"), (.put, "/whip/one", "POST, OPTIONS"),
      (.get, "/whip/one/p", "PATCH, DELETE, OPTIONS"),
      (.post, "/whep/one/p/s", "PATCH, DELETE, OPTIONS"),
      (.post, "/health/live", "GET, HEAD, OPTIONS"), (.post, "/join", "GET, HEAD, OPTIONS"),
    ]
    for (method, path, allow) in cases {
      let reply = try await server.call(method, path)
      #expect(reply.status == .methodNotAllowed, "\(method) \(path)")
      #expect(reply.headers[.allow] == allow)
    }
    #expect(try await server.call(.get, "/nothing").status == .notFound)
    #expect(try await server.call(.get, "/client/../Package.swift").status == .notFound)
    #expect(try await server.call(.get, "/v1/signal").status == .upgradeRequired)
    #expect(try await server.call(.head, "/health/live").status == .ok)
  }

  @Test("every answer has the headers that protect it; HSTS is for TLS")
  func securityHeaders() async throws {
    let server = try await TestHTTPServer()
    for path in ["/", "/join", "/ops", "/health/live", "/nothing", "/v1/consultations"] {
      let reply = try await server.call(.get, path)
      #expect(reply.headers[.xContentTypeOptions] == "nosniff")
      #expect(reply.headers[.referrerPolicy] == "no-referrer")
      #expect(reply.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
      #expect(reply.headers[.contentSecurityPolicy]?.contains("unsafe") == false)
      #expect(reply.headers[.permissionsPolicy]?.contains("camera=(self)") == true)
      #expect(reply.headers[.strictTransportSecurity] == nil)
      #expect(reply.headers[.date] == "Fri, 15 Jan 2027 08:00:00 GMT")
    }
    let secure = try await server.call(.get, "/", isTLS: true)
    #expect(secure.headers[.strictTransportSecurity] != nil)
  }

  @Test("pages are served with their type and validated by their tag")
  func pages() async throws {
    let server = try await TestHTTPServer()
    let page = try await server.call(.get, "/join")
    #expect(page.status == .ok)
    #expect(page.headers[.contentType] == "text/html; charset=utf-8")
    #expect(page.headers[.contentSecurityPolicy]?.contains("script-src 'self'") == true)
    let tag = try #require(page.headers[.eTag])
    let again = try await server.call(.get, "/join", headers: [.ifNoneMatch: tag])
    #expect(again.status == .notModified)
    #expect(again.body.isEmpty)
    let description = try await server.call(.get, "/v1/openapi.yaml")
    #expect(description.status == .ok)
    #expect(description.headers[.contentType] == "application/yaml; charset=utf-8")
  }

  @Test("a body beyond its limit is refused before and while it is read")
  func bodyLimits() async throws {
    let server = try await TestHTTPServer()
    let long = #"{"id":"\#(String(repeating: "x", count: 20_000))"}"#
    let announced = try await server.call(
      .post, "/v1/consultations", server.backend, body: "{}",
      headers: [.contentLength: "20000"])
    #expect(announced.status == .contentTooLarge)
    let sent = try await server.call(.post, "/v1/consultations", server.backend, body: long)
    #expect(sent.status == .contentTooLarge)
    #expect(sent.headers[.connection] == "close")
  }

  @Test("too many requests from an address are 429 with the time to wait; others are served")
  func rates() async throws {
    let server = try await TestHTTPServer {
      $0.rates = .init(requestBurst: 3, requestsPerSecond: 1)
      $0.loadTestEnabled = true
    }
    for _ in 0..<3 {
      #expect(try await server.call(.get, "/health/live").status == .ok)
    }
    let refused = try await server.call(.get, "/health/live")
    #expect(refused.status == .tooManyRequests)
    #expect(refused.headers[.retryAfter] == "2")
    let other = try await server.call(.get, "/health/live", client: IPAddress(v4: 7))
    #expect(other.status == .ok)
    // A load test is not limited.
    #expect(try await server.call(.post, "/whip/bench-1").status == .unauthorized)
    server.world.clock.advance(.seconds(2))
    #expect(try await server.call(.get, "/health/live").status == .ok)
  }

  @Test("after many refused tokens the address waits, also with a good one")
  func guessing() async throws {
    let server = try await TestHTTPServer {
      $0.rates = .init(refusalBurst: 2, refusalsPerSecond: 1)
    }
    for _ in 0..<2 {
      let reply = try await server.call(
        .get, "/v1/consultations", headers: [.authorization: "Bearer a.b.c"])
      #expect(reply.status == .unauthorized)
    }
    #expect(
      try await server.call(.get, "/v1/consultations", server.backend).status
        == .tooManyRequests)
    server.world.clock.advance(.seconds(2))
    #expect(try await server.call(.get, "/v1/consultations", server.backend).status == .ok)
  }

  @Test("other origins may use what takes a token, and read the headers of WHIP")
  func crossOrigin() async throws {
    let origin: HTTPFields = [.origin: "https://portal.example.org"]
    let server = try await TestHTTPServer()
    let preflight = try await server.call(.options, "/whip/one", headers: origin)
    #expect(preflight.status == .noContent)
    #expect(preflight.headers[.accessControlAllowOrigin] == "*")
    #expect(preflight.headers[.accessControlAllowMethods] == "POST, OPTIONS")
    #expect(preflight.headers[.accessControlAllowHeaders]?.contains("Authorization") == true)
    #expect(preflight.headers[.acceptPost] == "application/sdp")
    let reply = try await server.call(.post, "/whip/one", headers: origin)
    #expect(reply.status == .unauthorized)
    #expect(reply.headers[.accessControlAllowOrigin] == "*")
    #expect(reply.headers[.accessControlExposeHeaders]?.contains("Location") == true)
    let module = try await server.call(.get, "/client/visavis.js", headers: origin)
    #expect(module.headers[.accessControlAllowOrigin] == "*")
    // Pages are for our own origin.
    let page = try await server.call(.get, "/join", headers: origin)
    #expect(page.headers[.accessControlAllowOrigin] == nil)

    let strict = try await TestHTTPServer { $0.allowedOrigins = ["https://portal.example.org"] }
    let allowed = try await strict.call(.options, "/whip/one", headers: origin)
    #expect(allowed.headers[.accessControlAllowOrigin] == "https://portal.example.org")
    #expect(allowed.headers[.vary] == "Origin")
    let other = try await strict.call(
      .options, "/whip/one", headers: [.origin: "https://evil.example.org"])
    #expect(other.headers[.accessControlAllowOrigin] == nil)
  }

  @Test("a WebSocket is for our own origin, the allowed ones, and programs without one")
  func webSocketOrigins() {
    var configuration = SignalingConfiguration(apiKey: "", apiSecret: "")
    configuration.allowedOrigins = ["https://portal.example.org"]
    configuration.publicURL = "https://visavis.example.org"
    let policy = OriginPolicy(configuration)
    let cases: [(String?, Bool)] = [
      (nil, true), ("http://localhost:8080", true), ("https://localhost:8080", true),
      ("https://portal.example.org", true), ("HTTPS://Portal.Example.org", true),
      ("https://visavis.example.org", true), ("https://evil.example.org", false),
      ("http://localhost:8081", false), ("null", false), ("", false),
      ("https://portal.example.org.evil.org", false),
    ]
    for (origin, isAllowed) in cases {
      #expect(
        policy.allowsWebSocket(origin: origin, authority: "localhost:8080") == isAllowed,
        "\(origin ?? "none")")
    }
  }

  @Test("metrics are for this machine, for operations, or for all when configured")
  func metrics() async throws {
    let loopback = IPAddress(v4: 0x7F00_0001)
    let server = try await TestHTTPServer()
    #expect(try await server.call(.get, "/metrics").status == .unauthorized)
    let local = try await server.call(.get, "/metrics", client: loopback)
    #expect(local.status == .ok)
    let text = String(decoding: local.body, as: UTF8.self)
    #expect(text.contains("# TYPE visavis_participants gauge\nvisavis_participants 0\n"))
    #expect(text.contains("visavis_http_responses_total{class=\"4xx\"} 1\n"))
    #expect(
      try await server.call(.get, "/metrics", server.world.token(.ops, in: nil)).status == .ok)
    #expect(
      try await server.call(.get, "/metrics", server.world.token(.patient)).status == .forbidden)
    let forwarded = try await server.call(
      .get, "/metrics", headers: [.forwardedFor: "127.0.0.1"], client: loopback)
    #expect(forwarded.status == .unauthorized)
    let proxied = try await TestHTTPServer { $0.isBehindProxy = true }
    #expect(
      try await proxied.call(.get, "/metrics", client: loopback).status == .unauthorized)
    let open = try await TestHTTPServer { $0.metricsPublic = true }
    #expect(try await open.call(.get, "/metrics").status == .ok)
  }

  @Test("dates are written as HTTP wants them")
  func dates() {
    #expect(WallClock(milliseconds: 784_111_777_000).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(WallClock(milliseconds: 0).httpDate == "Thu, 01 Jan 1970 00:00:00 GMT")
    #expect(WallClock(milliseconds: -1000).httpDate == "Wed, 31 Dec 1969 23:59:59 GMT")
  }
}

import Consultation
import HTTPTypes
import Testing
import Wire

@testable import Signaling

@Suite("WHIP and WHEP over HTTP")
struct MediaRoutesTests {
  private let publishing = OfferText([.audio("0", "sendonly"), .video("1", "sendonly")])
  private let playing = OfferText([.audio("0", "recvonly"), .video("1", "recvonly")])

  @Test("WHIP: 201 with Location, ETag and Link; PATCH; DELETE")
  func whip() async throws {
    let server = try await TestHTTPServer {
      $0.iceServers = [.init(urls: ["turn:turn.example.org"], username: "u", credential: "c")]
    }
    _ = try await server.world.room("one")
    let token = server.world.token(.patient, in: "one", identifier: "w")
    let created = try await server.call(
      .post, "/whip/one", token, body: publishing.text, type: "application/sdp; charset=utf-8")
    #expect(created.status == .created)
    #expect(created.headers[.contentType] == "application/sdp")
    let location = try #require(created.headers[.location])
    #expect(location.hasPrefix("/whip/one/p_"))
    #expect(
      created.headers[.link]
        == #"<turn:turn.example.org>; rel="ice-server"; username="u"; credential="c"; credential-type="password""#
    )
    let tag = try #require(created.headers[.eTag])

    let fragment = "a=ice-ufrag:anew\r\na=ice-pwd:anewpasswordanewpassword\r\n"
    let type = TrickleFragment.mediaType
    #expect(
      try await server.call(.patch, location, token, body: fragment, type: type).status
        == .preconditionRequired)
    #expect(
      try await server.call(
        .patch, location, token, body: fragment, type: type, headers: [.ifMatch: "\"no\""]
      ).status == .preconditionFailed)
    #expect(
      try await server.call(
        .patch, location, token, body: fragment, type: "application/sdp",
        headers: [.ifMatch: tag]
      ).status == .unsupportedMediaType)
    #expect(
      try await server.call(
        .patch, location, token, body: "a=end-of-candidates\r\n", type: type,
        headers: [.ifMatch: tag]
      ).status == .noContent)
    let restarted = try await server.call(
      .patch, location, token, body: fragment, type: type, headers: [.ifMatch: "*"])
    #expect(restarted.status == .ok)
    #expect(restarted.headers[.contentType] == type)
    #expect(restarted.headers[.eTag] != tag)
    #expect(try await server.call(.delete, location, token).status == .ok)
    #expect(try await server.call(.delete, location, token).status == .notFound)
  }

  @Test("WHIP and WHEP refuse as their documents say")
  func refusals() async throws {
    let server = try await TestHTTPServer()
    _ = try await server.world.room("one")
    let token = server.world.token(.patient, in: "one", identifier: "w")
    let observer = server.world.token(.observer, in: "one")
    let sdp = "application/sdp"
    let cases: [(String, AccessToken?, String, String?, HTTPFields, HTTPResponse.Status)] = [
      ("/whip/one", nil, publishing.text, sdp, [:], .unauthorized),
      ("/whip/one", observer, publishing.text, sdp, [:], .forbidden),
      (
        "/whip/one", server.world.token(.patient, in: "two"), publishing.text, sdp, [:],
        .forbidden
      ),
      (
        "/whip/none", server.world.token(.patient, in: "none"), publishing.text, sdp, [:], .notFound
      ),
      ("/whip/one", token, publishing.text, "text/plain", [:], .unsupportedMediaType),
      ("/whip/one", token, publishing.text, nil, [:], .unsupportedMediaType),
      ("/whip/one", token, publishing.text, sdp, [.accept: "text/html"], .notAcceptable),
      ("/whip/one", token, "", sdp, [:], .badRequest),
      ("/whip/one", token, "nonsense", sdp, [:], .badRequest),
      ("/whip/one", token, playing.text, sdp, [:], .unprocessableContent),
      ("/whip/one?participant=a%20b", token, publishing.text, sdp, [:], .badRequest),
      ("/whep/one/nobody", token, playing.text, sdp, [:], .notFound),
      (
        "/whip/one", token, String(repeating: "x", count: 70_000), sdp, [:], .contentTooLarge
      ),
    ]
    for (path, token, body, type, headers, status) in cases {
      let reply = try await server.call(
        .post, path, token, body: body, type: type, headers: headers)
      #expect(reply.status == status, "\(path) \(body.prefix(20)) \(type ?? "")")
      _ = try server.code(reply)
    }
  }

  @Test("WHEP: a viewer of a participant, and the address of its session")
  func whep() async throws {
    let server = try await TestHTTPServer { $0.loadTestEnabled = true }
    let token = server.world.token(.loadtest, in: nil)
    let sdp = "application/sdp"
    let published = try await server.call(
      .post, "/whip/bench-1?participant=a", token, body: publishing.text, type: sdp)
    #expect(published.headers[.location] == "/whip/bench-1/a")
    let played = try await server.call(
      .post, "/whep/bench-1/a?participant=b", token, body: playing.text, type: sdp)
    #expect(played.status == .created)
    let location = try #require(played.headers[.location])
    #expect(location.hasPrefix("/whep/bench-1/a/"))
    #expect(try await server.call(.delete, location, token).status == .ok)
    #expect(try await server.call(.delete, location, token).status == .notFound)
  }

  @Test("load test tokens are refused unless load tests are enabled")
  func loadTestOff() async throws {
    let server = try await TestHTTPServer()
    let reply = try await server.call(
      .post, "/whip/bench-1", server.world.token(.loadtest, in: nil), body: publishing.text,
      type: "application/sdp")
    #expect(reply.status == .forbidden)
  }
}

@Suite("TURN credentials")
struct TURNAccessTests {
  private let turn = TURNAccess(
    urls: ["turn:turn.example.org?transport=udp", "turns:turn.example.org:443?transport=tcp"],
    secret: "north", lifetime: 86_400)

  /// echo -n 1433895918:p_1 | openssl dgst -sha1 -hmac north -binary | base64
  @Test("end when they say, and are what coturn computes from the secret")
  func credential() throws {
    let id = try #require(ParticipantID(rawValue: "p_1"))
    let server = turn.server(for: id, at: WallClock(milliseconds: 1_433_809_518_999))
    #expect(server.username == "1433895918:p_1")
    #expect(server.credential == "8UxJMS4CQPwL/K3EyobqzCuLjIg=")
    #expect(server.urls == turn.urls)
  }

  @Test("are each participant's own, in `Link` and nowhere without a TURN server")
  func links() async throws {
    let server = try await TestHTTPServer { [turn] in $0.turn = turn }
    _ = try await server.world.room("one")
    let token = server.world.token(.patient, in: "one", identifier: "w")
    let offer = OfferText([.audio("0", "sendonly"), .video("1", "sendonly")])
    let created = try await server.call(
      .post, "/whip/one?participant=cam", token, body: offer.text, type: "application/sdp")
    let links = created.headers[values: .link]
    #expect(links.count == 2)
    for (link, url) in zip(links, turn.urls) {
      #expect(link.hasPrefix("<\(url)>; rel=\"ice-server\"; username=\""))
      #expect(link.contains(":cam\"; credential=\""))
    }
    var plain = SignalingConfiguration(apiKey: "k", apiSecret: "s")
    let id = try #require(ParticipantID(rawValue: "p_1"))
    #expect(plain.iceServers(for: id, at: WallClock(milliseconds: 0)).isEmpty)
    plain.turn = TURNAccess(urls: [], secret: "north", lifetime: 600)
    #expect(plain.iceServers(for: id, at: WallClock(milliseconds: 0)).isEmpty)
  }
}

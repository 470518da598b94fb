import Consultation
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import Testing
import Wire

@testable import Signaling

/// A server without sockets, and requests to it.
struct TestHTTPServer {
  let world: TestWorld
  let front: HTTPFront

  init(_ world: TestWorld) {
    self.world = world
    front = HTTPFront(world.services)
  }

  init(_ change: (inout SignalingConfiguration) -> Void = { _ in }) async throws {
    world = try await TestWorld(change)
    front = HTTPFront(world.services)
  }

  func call(
    _ method: HTTPRequest.Method, _ target: String, _ token: AccessToken? = nil,
    body: String = "", type: String? = nil, headers: HTTPFields = [:],
    client: IPAddress = IPAddress(v4: 0xC000_0201), isTLS: Bool = false
  ) async throws -> HTTPReply {
    var headers = headers
    if let token { headers[.authorization] = "Bearer " + (try await world.text(token)) }
    if let type { headers[.contentType] = type }
    return await front.respond(
      to: HTTPCall(
        method: method, target: target, headers: headers, authority: "visavis.test:8080",
        isTLS: isTLS, client: client,
        content: RequestBody(buffer: ByteBuffer(string: body))))
  }

  func json(_ reply: HTTPReply) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any])
  }

  var backend: AccessToken { world.token(.backend, in: nil, identifier: "backend") }

  /// The code of an error reply, after a look at its form.
  func code(_ reply: HTTPReply) throws -> String {
    #expect(reply.headers[.contentType] == "application/json")
    let error = try #require(try json(reply)["error"] as? [String: String])
    #expect((error["message"]?.count ?? 0) > 10)
    return try #require(error["code"])
  }
}

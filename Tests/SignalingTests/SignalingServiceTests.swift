import Consultation
import Foundation
import NIOWebSocket
import Testing
import Wire

@testable import Signaling

@Suite("The service on a real socket")
struct SignalingServiceTests {
  @Test("two clients meet, see each other, and one leaves")
  func meet() async throws {
    try await LiveServer.run { server in
      let patientToken = try await server.token(.patient)
      let physicianToken = try await server.token(.physician)
      try await TestSocket.run(to: server) { patient in
        let joined = try await patient.join(patientToken)
        #expect(joined["re"] as? String == "j")
        let resume = try #require(joined["resume"] as? [String: Any])
        #expect(resume["seconds"] as? Int == 60)
        try await TestSocket.run(to: server) { physician in
          let second = try await physician.join(physicianToken)
          #expect((second["roster"] as? [Any])?.count == 2)
          _ = try await patient.next("participant-joined")
          let offer = OfferText([.audio("0", "sendonly")]).text
            .replacing("\r\n", with: "\\r\\n")
          try await patient.send(
            #"{"type":"offer","id":"o","sdp":"\#(offer)","tracks":[{"mid":"0","publish":{"source":"microphone"}}]}"#
          )
          let answer = try await patient.next("answer")
          #expect(answer["re"] as? String == "o")
          #expect((answer["sdp"] as? String)?.contains("a=ice-lite") == true)
          _ = try await physician.next("published")
          try await physician.send(#"{"type":"leave"}"#)
          _ = try await physician.next("left")
          let code = try await physician.closeCode()
          #expect(code == 4410)
        }
        let left = try await patient.next("participant-left")
        #expect(left["reason"] as? String == "left")
      }
    }
  }

  @Test("a lost socket is told to the others, and resumed on a new one")
  func resume() async throws {
    try await LiveServer.run { server in
      let patientToken = try await server.token(.patient)
      let physicianToken = try await server.token(.physician)
      try await TestSocket.run(to: server) { physician in
        _ = try await physician.join(physicianToken)
        let joined = try await TestSocket.run(to: server) { patient in
          try await patient.join(patientToken)
        }
        let lost = try await physician.next("participant-updated")
        #expect(lost["state"] as? String == "reconnecting")
        let token = try #require((joined["resume"] as? [String: Any])?["token"] as? String)
        try await TestSocket.run(to: server) { patient in
          try await patient.send(#"{"type":"join","v":1,"resume":"\#(token)"}"#)
          let again = try await patient.next("joined")
          #expect(again["resumed"] as? Bool == true)
          let back = try await physician.next("participant-updated")
          #expect(back["state"] as? String == "connected")
        }
      }
    }
  }

  @Test("what clients do wrong closes with the code that the protocol says")
  func closeCodes() async throws {
    try await LiveServer.run { server in
      let long = #"{"type":"ping","x":"\#(String(repeating: "x", count: 70_000))"}"#
      let veryLong = #"{"type":"ping","x":"\#(String(repeating: "x", count: 500_000))"}"#
      for text in [long, veryLong] {
        try await TestSocket.run(to: server) { client in
          try await client.send(text)
          let error = try await client.next("error")
          #expect(error["code"] as? String == "too-large")
          let code = try await client.closeCode()
          #expect(code == 4413)
        }
      }
      try await TestSocket.run(to: server) { client in
        for _ in 0..<5 { try await client.send("nonsense") }
        let code = try await client.closeCode()
        #expect(code == 4400)
      }
      try await TestSocket.run(to: server) { client in
        try await client.send(#"{"type":"join","v":1,"token":"forged"}"#)
        let error = try await client.next("error")
        #expect(error["code"] as? String == "unauthorized")
        #expect(error["fatal"] as? Bool == true)
        let code = try await client.closeCode()
        #expect(code == 4401)
      }
      try await TestSocket.run(to: server) { client in
        try await client.send(.binary, [1, 2, 3])
        let code = try await client.closeCode()
        #expect(code == 1003)
      }
      try await TestSocket.run(to: server) { client in
        try await client.send(.text, Array(#"{"type":"ping"}"#.utf8), isMasked: false)
        let code = try await client.closeCode()
        #expect(code == 1002)
      }
      let token = try await server.token(.ops)
      try await TestSocket.run(to: server) { client in
        try await client.send(#"{"type":"join","v":1,"token":"\#(token)"}"#)
        let code = try await client.closeCode()
        #expect(code == 4403)
      }
    }
  }

  @Test("a connection that says nothing is cut in time; one that became a WebSocket is not")
  func silentConnection() async throws {
    try await LiveServer.run({ $0.headSeconds = 1 }) { server in
      let token = try await server.token(.patient)
      try await TestSocket.run(to: server) { client in
        _ = try await client.join(token)
        // Both begin later than the socket, so that its time is over when theirs is.
        let nothing = try await server.exchange("", until: "never")
        #expect(nothing.isEmpty)
        let half = try await server.exchange("GET /health/live HTTP/1.1\r\nHost", until: "never")
        #expect(half.isEmpty)
        try await client.send(#"{"type":"ping","id":"p"}"#)
        let pong = try await client.next("pong")
        #expect(pong["re"] as? String == "p")
      }
    }
  }

  @Test("without a join the socket is closed in time")
  func joinTimeout() async throws {
    try await LiveServer.run { server in
      try await TestSocket.run(to: server) { client in
        try await client.send(#"{"type":"ping"}"#)
        _ = try await client.next("pong")
        server.clock.advance(.seconds(11))
        let code = try await client.closeCode()
        #expect(code == 4408)
      }
    }
  }

  @Test("at shutdown calls are told and closed with 4503, and the record says why they ended")
  func shutdown() async throws {
    let store = try await LiveServer.run { server in
      let token = try await server.token(.patient)
      try await TestSocket.run(to: server) { client in
        _ = try await client.join(token)
        await server.stop()
        let notice = try await client.next("notice")
        #expect(notice["code"] as? String == "shutting-down")
        let code = try await client.closeCode()
        #expect(code == 4503)
      }
      return server.store
    }
    let id = try #require(ConsultationID(rawValue: "one"))
    #expect(try await store.participants(of: id).map(\.end?.reason) == [.serverShutdown])
  }

  @Test("a refused upgrade is answered, not cut")
  func refusedUpgrade() async throws {
    try await LiveServer.run { server in
      let upgrade =
        "Host: 127.0.0.1:\(server.port)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      let foreign = try await server.exchange(
        "GET /v1/signal HTTP/1.1\r\n\(upgrade)Origin: https://evil.example.org\r\n\r\n",
        until: "}}")
      #expect(foreign.hasPrefix("HTTP/1.1 403 "))
      let elsewhere = try await server.exchange(
        "GET /nothing HTTP/1.1\r\n\(upgrade)\r\n", until: "}}")
      #expect(elsewhere.hasPrefix("HTTP/1.1 404 "))
      let plain = try await server.exchange(
        "GET /v1/signal HTTP/1.1\r\nHost: x\r\n\r\n", until: "}}")
      #expect(plain.hasPrefix("HTTP/1.1 426 "))
      let keyless = try await server.exchange(
        "GET /v1/signal HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        until: "\r\n\r\n")
      #expect(keyless.hasPrefix("HTTP/1.1 4"))
    }
  }

  @Test("several requests on one connection are answered in order")
  func pipelining() async throws {
    try await LiveServer.run { server in
      let request = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
      let answer = try await server.exchange(
        request + request + "HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n", until: "HTTP/1.1 200",
        count: 3)
      #expect(answer.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
    }
  }

  @Test(
    "garbage is answered with 400 or cut, and the server goes on",
    arguments: [
      "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 50_000))\r\n\r\n",
      "POST /v1/consultations HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST /v1/consultations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
  func garbage(text: String) async throws {
    try await LiveServer.run { server in
      let answer = try? await server.exchange(text, until: "\r\n\r\n")
      #expect(answer == nil || answer == "" || answer?.hasPrefix("HTTP/1.1 4") == true)
      let live = try await server.exchange(
        "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", until: "live")
      #expect(live.hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test("a port that is taken is told with its name")
  func portTaken() async throws {
    try await LiveServer.run { (server: LiveServer) -> Void in
      await #expect(throws: SignalingServiceError.self) {
        try await LiveServer.run({ $0.port = server.port }) { _ in }
      }
    }
  }
}

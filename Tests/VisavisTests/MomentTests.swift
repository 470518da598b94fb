import Consultation
import Testing

@testable import Visavis

@Suite("Times given to options")
struct MomentTests {
  @Test(
    "are moments or spans from now",
    arguments: [
      ("90s", 90), ("+45m", 2700), ("2h", 7200), ("+7d", 604_800), ("-5m", -300), ("0s", 0),
    ] as [(String, Int64)])
  func spans(text: String, seconds: Int64) {
    #expect(Moment(text: text) == .fromNow(seconds: seconds))
  }

  @Test("keep the offset of a moment")
  func moments() throws {
    let utc = try #require(WallClock(rfc3339: "2026-11-21T14:30:00Z"))
    #expect(Moment(text: "2026-11-21T15:30:00+01:00") == .at(utc))
    #expect(Moment.fromNow(seconds: 60).resolved(at: utc) == utc.advanced(bySeconds: 60))
  }

  @Test(
    "of other forms are refused",
    arguments: ["", "h", "+", "soon", "2", "2w", "1.5h", "2026-11-21", "99999999999999999999h"])
  func refused(text: String) {
    #expect(Moment(text: text) == nil)
  }
}

@Suite("The server's address")
struct ServerAddressTests {
  func address(_ change: (inout Settings.HTTP) -> Void) -> ServerAddress {
    var http = Settings.HTTP()
    change(&http)
    return ServerAddress(http)
  }

  @Test(
    "is called localhost where browsers trust it, and by its name elsewhere",
    arguments: [
      ("127.0.0.1", "http://localhost:8080"), ("::1", "http://localhost:8080"),
      ("localhost", "http://localhost:8080"), ("0.0.0.0", "http://localhost:8080"),
      ("::", "http://localhost:8080"), ("192.0.2.1", "http://192.0.2.1:8080"),
      ("2001:db8::1", "http://[2001:db8::1]:8080"),
      ("clinic.example", "http://clinic.example:8080"),
    ])
  func names(host: String, url: String) {
    #expect(address { $0.host = host }.forClients(port: 8080) == url)
  }

  @Test("is the public one in links, and for commands when there is TLS")
  func publicURL() {
    let plain = address { $0.publicURL = "https://v.example" }
    #expect(plain.forClients(port: 1) == "https://v.example")
    #expect(plain.local(port: 1) == "http://localhost:1")
    let secure = address {
      $0.publicURL = "https://v.example"
      $0.tls = .init(certificate: "a", key: "b")
    }
    #expect(secure.local(port: 1) == "https://v.example")
    let unnamed = address { $0.tls = .init(certificate: "a", key: "b") }
    #expect(unnamed.local(port: 1) == "https://localhost:1")
  }
}

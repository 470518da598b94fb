import Testing

@testable import Wire

@Suite("ICE candidates")
struct ICECandidateTests {
  @Test("A Chromium host candidate, with what only Chromium knows kept")
  func chromium() throws {
    let text =
      "candidate:346490668 1 udp 2122194687 127.0.0.1 51394 typ host generation 0 network-id 3"
    let candidate = try #require(ICECandidate(text: text))
    #expect(candidate.foundation == "346490668")
    #expect(candidate.component == 1)
    #expect(candidate.transport == .udp)
    #expect(candidate.priority == 2_122_194_687)
    #expect(candidate.host == .address(IPAddress(v4: 0x7F00_0001)))
    #expect(candidate.port == 51394)
    #expect(candidate.kind == .host)
    #expect(candidate.extensions == "generation 0 network-id 3")
    #expect(candidate.description == text)
  }

  @Test("Upper case transport, IPv6 and a name of the local link")
  func firefox() throws {
    let v6 = try #require(ICECandidate(text: "candidate:1 1 UDP 2122121471 ::1 35259 typ host"))
    #expect(v6.host == .address(IPAddress(high: 0, low: 1)))
    #expect(v6.transport == .udp)
    let local = try #require(
      ICECandidate(
        text: "0 2 UDP 2122187006 90f403c2-f62d-45f8-97cb-68210988b8e4.local 53928 typ host"))
    #expect(local.host == .name("90f403c2-f62d-45f8-97cb-68210988b8e4.local"))
    #expect(local.component == 2)
  }

  @Test("TCP and server reflexive candidates")
  func others() throws {
    let tcp = "candidate:4 1 tcp 2105327871 192.0.2.1 9 typ host tcptype active"
    #expect(ICECandidate(text: tcp)?.tcpKind == .active)
    #expect(ICECandidate(text: tcp)?.description == tcp)
    let reflexive =
      "candidate:5 1 udp 1694498815 198.51.100.7 4000 typ srflx raddr 10.0.0.2 rport 5000"
    let candidate = try #require(ICECandidate(text: reflexive))
    #expect(candidate.relatedHost == .address(IPAddress(v4: 0x0A00_0002)))
    #expect(candidate.relatedPort == 5000)
    #expect(candidate.description == reflexive)
  }

  @Test(
    "What is malformed is not a candidate",
    arguments: [
      "", "candidate:", "candidate:1", "1 0 udp 1 ::1 1 typ host", "1 1 udp -1 ::1 1 typ host",
      "1 1 udp 4294967296 ::1 1 typ host", "1 1 udp 1 ::1 65536 typ host",
      "1 1 udp 1 ::1 1 host", "1 1 udp 1 ::1 1 typ other", "1 1 sctp 1 ::1 1 typ host",
      "1 1 tcp 1 ::1 9 typ host", "1 1 udp 1 ::1 1 typ host raddr",
      "123456789012345678901234567890123 1 udp 1 ::1 1 typ host",
    ])
  func malformed(text: String) {
    #expect(ICECandidate(text: text) == nil)
  }

  @Test("Host candidates: IPv6, IPv4, then loopback; priorities fall and differ")
  func hosts() throws {
    let addresses = try ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1", "192.0.2.2"].map {
      try #require(IPAddress(text: $0))
    }
    let candidates = ICECandidate.hosts(addresses: addresses, port: 5000)
    #expect(
      candidates.map(\.host.description)
        == ["2001:db8::1", "192.0.2.1", "192.0.2.2", "::1", "127.0.0.1"])
    #expect(candidates.map(\.priority) == candidates.map(\.priority).sorted(by: >))
    #expect(Set(candidates.map(\.foundation)).count == 5)
    #expect(candidates[0].priority == 2_130_706_431)
    #expect(candidates.allSatisfy { ICECandidate(text: $0.description) == $0 })
  }

  @Test(
    "Passive TCP candidates come after every UDP one, in the same order, and read back the same")
  func passiveHosts() throws {
    let addresses = try ["127.0.0.1", "192.0.2.1", "2001:db8::1"].map {
      try #require(IPAddress(text: $0))
    }
    let udp = ICECandidate.hosts(addresses: addresses, port: 5000)
    let tcp = ICECandidate.passiveHosts(addresses: addresses, port: 5000)
    #expect(
      tcp.map(\.description) == [
        "candidate:t1 1 tcp 1520435199 2001:db8::1 5000 typ host tcptype passive",
        "candidate:t2 1 tcp 1520434943 192.0.2.1 5000 typ host tcptype passive",
        "candidate:t3 1 tcp 1520434687 127.0.0.1 5000 typ host tcptype passive",
      ])
    #expect(tcp.allSatisfy { ICECandidate(text: $0.description) == $0 })
    // A UDP candidate that a STUN server told has type preference 100.
    #expect(tcp.map(\.priority).max() ?? .max < 100 << 24)
    #expect(tcp.map(\.priority).max() ?? .max < udp.map(\.priority).min() ?? 0)
    #expect(Set((udp + tcp).map(\.foundation)).count == 6)
  }
}

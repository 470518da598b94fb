import Testing
import Wire

@testable import Visavis

@Suite("Networks that are permitted")
struct IPNetworkTests {
  @Test(
    "hold the addresses of their prefix and no others",
    arguments: [
      ("10.20.0.0/16", ["10.20.0.0", "10.20.255.255"], ["10.21.0.0", "10.19.255.255", "::1"]),
      ("10.20.0.9/16", ["10.20.0.0"], ["10.21.0.0"]),
      ("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
      ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "2001:db8::1"]),
      ("2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::1", "2001:db7::1"]),
      ("2001:db8::1", ["2001:db8::1"], ["2001:db8::2", "2001:db8:0:1::1"]),
      ("::/0", ["::1", "10.0.0.1"], []),
    ])
  func contains(text: String, inside: [String], outside: [String]) throws {
    let network = try #require(IPNetwork(text))
    for one in inside { #expect(network.contains(try #require(IPAddress(text: one)))) }
    for one in outside { #expect(!network.contains(try #require(IPAddress(text: one)))) }
  }

  @Test(
    "are refused when they are none",
    arguments: [
      "", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "all", "::/129",
    ])
  func refused(text: String) { #expect(IPNetwork(text) == nil) }
}

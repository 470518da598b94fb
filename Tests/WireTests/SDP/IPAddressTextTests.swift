import Testing

@testable import Wire

@Suite("IP addresses as text")
struct IPAddressTextTests {
  @Test(
    "Canonical text (RFC 5952)",
    arguments: [
      ("0.0.0.0", "0.0.0.0"), ("192.0.2.255", "192.0.2.255"),
      ("::", "::"), ("::1", "::1"), ("1::", "1::"),
      ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
      ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
      ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
      ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
      ("0:0:0:0:0:0:0:1", "::1"), ("1:0:0:0:0:0:0:0", "1::"),
      ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
      ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:201", "192.0.2.1"),
      ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("fd00::2", "fd00::2"),
      ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("::1.2.3.4", "::102:304"),
    ])
  func canonical(text: String, expected: String) throws {
    let address = try #require(IPAddress(text: text))
    #expect(address.description == expected)
    #expect(IPAddress(text: address.description) == address)
  }

  @Test(
    "What is not an address",
    arguments: [
      "", ".", ":", ":::", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "1..3.4",
      "1.2.3.4 ", "+1.2.3.4", "1.2.3.1000", ":1", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
      "1::2::3", "12345::", "g::", "::1%lo", "[::1]", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3",
      "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "localhost", "1.2.3.4:5", "::-1",
      "0000000000000000000000000000000000000000000000000000::1",
    ])
  func malformed(text: String) {
    #expect(IPAddress(text: text) == nil)
  }

  @Test("Every random address survives its text")
  func random() {
    var random = SeededRandom(seed: 7)
    for _ in 0..<2000 {
      // Few bits set, so that runs of zero groups are common.
      let address = IPAddress(
        high: random.next() & random.next() & random.next() & random.next(),
        low: random.next() & random.next() & random.next() & random.next())
      #expect(IPAddress(text: address.description) == address)
    }
  }

  @Test("An endpoint has its IPv6 address in brackets")
  func endpoint() throws {
    let v6 = try #require(IPAddress(text: "2001:db8::1"))
    #expect(TransportAddress(ip: v6, port: 5000).description == "[2001:db8::1]:5000")
    #expect(
      TransportAddress(ip: IPAddress(v4: 0xC000_0201), port: 1).description == "192.0.2.1:1")
  }
}

import Testing

@testable import Wire

/// RFC 5769: the password of sections 2.1 to 2.3.
let rfc5769Key = STUNKey(password: "VOkJxbRl1RmTxUk/WvJxBt")

/// Section 2.1.
let rfc5769Request = octets(
  """
  00 01 00 58  21 12 a4 42  b7 e7 a7 01  bc 34 d6 86  fa 87 df ae
  80 22 00 10  53 54 55 4e  20 74 65 73  74 20 63 6c  69 65 6e 74  # SOFTWARE "STUN test client"
  00 24 00 04  6e 00 01 ff                                         # PRIORITY
  80 29 00 08  93 2f f9 b1  51 26 3b 36                            # ICE-CONTROLLED
  00 06 00 09  65 76 74 6a  3a 68 36 76  59 20 20 20               # USERNAME "evtj:h6vY"
  00 08 00 14  9a ea a7 0c  bf d8 cb 56  78 1e f2 b5  b2 d3 f2 49  c1 b5 71 a2
  80 28 00 04  e5 7a 3b cf
  """)

/// Section 2.2.
let rfc5769IPv4Response = octets(
  """
  01 01 00 3c  21 12 a4 42  b7 e7 a7 01  bc 34 d6 86  fa 87 df ae
  80 22 00 0b  74 65 73 74  20 76 65 63  74 6f 72 20               # SOFTWARE "test vector"
  00 20 00 08  00 01 a1 47  e1 12 a6 43                            # XOR-MAPPED-ADDRESS
  00 08 00 14  2b 91 f5 99  fd 9e 90 c3  8c 74 89 f9  2a f9 ba 53  f0 6b e7 d7
  80 28 00 04  c0 7d 4c 96
  """)

/// Section 2.3.
let rfc5769IPv6Response = octets(
  """
  01 01 00 48  21 12 a4 42  b7 e7 a7 01  bc 34 d6 86  fa 87 df ae
  80 22 00 0b  74 65 73 74  20 76 65 63  74 6f 72 20
  00 20 00 14  00 02 a1 47  01 13 a9 fa  a5 d3 f1 79  bc 25 f4 b5  be d2 b9 d9
  00 08 00 14  a3 82 95 4e  4b e6 7b f1  17 84 c9 7c  82 92 c2 75  bf e3 ed 41
  80 28 00 04  c8 fb 0b 4c
  """)

/// Section 2.4: long-term credentials, no fingerprint.
let rfc5769LongTermRequest = octets(
  """
  00 01 00 60  21 12 a4 42  78 ad 34 33  c6 ad 72 c0  29 da 41 2e
  00 06 00 12  e3 83 9e e3  83 88 e3 83  aa e3 83 83  e3 82 af e3  82 b9 00 00  # USERNAME
  00 15 00 1c  66 2f 2f 34  39 39 6b 39  35 34 64 36  4f 4c 33 34  6f 4c 39 46
               53 54 76 79  36 34 73 41                                         # NONCE
  00 14 00 0b  65 78 61 6d  70 6c 65 2e  6f 72 67 00                            # REALM
  00 08 00 14  f6 70 24 65  6d d6 4a 3e  02 b8 e0 71  2e 85 c9 a2  8c a8 96 66
  """)

@Suite struct STUNVectorTests {
  @Test("RFC 5769 section 2.1: the request's attributes, integrity and fingerprint")
  func request() throws {
    try withExact(rfc5769Request) { bytes in
      let message = try #require(STUNMessage(bytes))
      #expect(message.messageClass == .request)
      #expect(message.method == STUNMessage.bindingMethod)
      #expect(
        message.transactionID == STUNTransactionID(high: 0xB7E7_A701_BC34_D686, low: 0xFA87_DFAE))
      #expect(message.hasFingerprint)
      #expect(message.priority == 0x6E00_01FF)
      #expect(message.controlled == 0x932F_F9B1_5126_3B36)
      #expect(message.controlling == nil)
      #expect(!message.usesCandidate)
      let fragments = try #require(message.usernameFragments)
      #expect(fragments.receiver == "evtj")
      #expect(fragments.sender == "h6vY")
      #expect(message.unknownAttributes.isEmpty)
      #expect(message.isAuthentic(rfc5769Key))
      #expect(!message.isAuthentic(STUNKey(password: "VOkJxbRl1RmTxUk/WvJxBT")))
    }
  }

  @Test("RFC 5769 section 2.2: the IPv4 response")
  func responseIPv4() throws {
    try withExact(rfc5769IPv4Response) { bytes in
      let message = try #require(STUNMessage(bytes))
      #expect(message.messageClass == .successResponse)
      #expect(message.hasFingerprint)
      #expect(message.isAuthentic(rfc5769Key))
      #expect(
        message.xorMappedAddress
          == TransportAddress(ip: IPAddress(v4: 0xC000_0201), port: 32_853))
    }
  }

  @Test("RFC 5769 section 2.3: the IPv6 response")
  func responseIPv6() throws {
    try withExact(rfc5769IPv6Response) { bytes in
      let message = try #require(STUNMessage(bytes))
      #expect(message.messageClass == .successResponse)
      #expect(message.isAuthentic(rfc5769Key))
      #expect(
        message.xorMappedAddress
          == TransportAddress(
            ip: IPAddress(high: 0x2001_0DB8_1234_5678, low: 0x0011_2233_4455_6677), port: 32_853))
    }
  }

  @Test(
    "RFC 5769 section 2.4: a request without a fingerprint, its key the MD5 of name, realm, password"
  )
  func longTerm() throws {
    let key = octets("e8ca7ad5 9d5eb051 8e312911 d2dab2a9").withUnsafeBytes { STUNKey($0) }
    try withExact(rfc5769LongTermRequest) { bytes in
      let message = try #require(STUNMessage(bytes))
      #expect(!message.hasFingerprint)
      #expect(message.username.map { String(decoding: $0, as: UTF8.self) } == "マトリックス")
      #expect(message.usernameFragments == nil)
      #expect(message.unknownAttributes.isEmpty)
      #expect(message.isAuthentic(key))
    }
  }

  @Test("the writer makes the octets of RFC 5769 section 2.1, but for its padding of spaces")
  func writesRequest() throws {
    let id = STUNTransactionID(high: 0xB7E7_A701_BC34_D686, low: 0xFA87_DFAE)
    let bytes = try #require(
      written { buffer in
        var writer = STUNWriter(into: buffer, class: .request, transactionID: id)
        writer.append(.software, text: "STUN test client")
        writer.append(.priority, uint32: 0x6E00_01FF)
        writer.append(.iceControlled, uint64: 0x932F_F9B1_5126_3B36)
        writer.append(.username, text: "evtj:h6vY")
        return writer.finish(key: rfc5769Key)
      })
    // Header to the end of the user name, without its padding, which the vector fills with 0x20.
    #expect(bytes.prefix(73) == rfc5769Request.prefix(73))
    #expect(bytes.count == rfc5769Request.count)
    try withExact(bytes) {
      let message = try #require(STUNMessage($0))
      #expect(message.isAuthentic(rfc5769Key))
    }
  }

  @Test("the writer makes an IPv4 and an IPv6 response that are read back the same")
  func writesResponses() throws {
    let addresses = [
      TransportAddress(ip: IPAddress(v4: 0xC000_0201), port: 32_853),
      TransportAddress(
        ip: IPAddress(high: 0x2001_0DB8_1234_5678, low: 0x0011_2233_4455_6677), port: 32_853),
    ]
    for (address, vector) in zip(addresses, [rfc5769IPv4Response, rfc5769IPv6Response]) {
      try withExact(rfc5769Request) { request in
        let message = try #require(STUNMessage(request))
        let bytes = try #require(
          written {
            STUNResponse.success(to: message, from: address, key: rfc5769Key, into: $0)
          })
        try withExact(bytes) {
          let response = try #require(STUNMessage($0))
          #expect(response.messageClass == .successResponse)
          #expect(response.transactionID == message.transactionID)
          #expect(response.xorMappedAddress == address)
          #expect(response.isAuthentic(rfc5769Key))
          #expect(response.hasFingerprint)
        }
        // The attribute itself is the vector's, octet for octet.
        let attribute = vector[36..<(vector.count - 32)]
        #expect(bytes[20..<(20 + attribute.count)] == attribute)
      }
    }
  }
}

@Suite struct HashTests {
  private func hex(_ digest: SHA1.Digest) -> [UInt8] {
    (0..<SHA1.digestLength).map { STUNKey.octet($0, of: digest) }
  }

  @Test(
    "SHA-1 of the strings of RFC 3174 section 7.3",
    arguments: [
      ("", 1, "da39a3ee 5e6b4b0d 3255bfef 95601890 afd80709"),
      ("abc", 1, "a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "84983e44 1c3bd26e baae4aa1 f95129e5 e54670f1"
      ),
      ("a", 1_000_000, "34aa973c d4c4daa4 f61eeb2b dbad2731 6534016f"),
      (
        "0123456701234567012345670123456701234567012345670123456701234567", 10,
        "dea356a2 cddd90c7 a7ecedc5 ebb56393 4f460452"
      ),
    ])
  func sha1(text: String, times: Int, digest: String) {
    var hash = SHA1()
    for _ in 0..<times { Array(text.utf8).withUnsafeBytes { hash.update($0) } }
    #expect(hex(hash.finish()) == octets(digest))
  }

  @Test(
    "HMAC-SHA1 of RFC 2202 section 3",
    arguments: [
      (
        [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
        "b617318655057264e28bc0b6fb378c8ef146be00"
      ),
      (
        Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
      ),
      (
        [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
        "125d7342b9ac11cd91a39af48aa17b4f63f175d3"
      ),
      (
        [UInt8](repeating: 0xAA, count: 80),
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
        "aa4ae5e15272d00e95705637ce8a3b55ed402112"
      ),
    ])
  func hmac(key: [UInt8], data: [UInt8], code: String) {
    let hmac = key.withUnsafeBytes { STUNKey($0) }
    // The length field is where the third and fourth octet are.
    let length = UInt16(data[2]) << 8 | UInt16(data[3])
    let digest = data.withUnsafeBytes { hmac.code(of: $0, lengthField: length) }
    #expect(hex(digest) == octets(code))
  }

  @Test("CRC-32 of 123456789 is CBF43926")
  func crc32() {
    let sum = Array("123456789".utf8).withUnsafeBytes { CRC32.checksum($0) }
    #expect(sum == 0xCBF4_3926)
  }
}

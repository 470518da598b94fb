import Testing

@testable import Wire

@Suite struct STUNMessageTests {
  let key = STUNKey(password: "0123456789abcdefghijkl")
  let id = STUNTransactionID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C)

  private func request(
    key: STUNKey?, fingerprint: Bool = true, _ attributes: (inout STUNWriter) -> Void
  ) -> [UInt8] {
    written { buffer in
      var writer = STUNWriter(into: buffer, class: .request, transactionID: id)
      attributes(&writer)
      return writer.finish(key: key, fingerprint: fingerprint)
    } ?? []
  }

  @Test("every class and method survives writing and parsing")
  func types() throws {
    let classes: [STUNMessage.Class] = [.request, .indication, .successResponse, .errorResponse]
    for messageClass in classes {
      for method in [1, 3, 0x0FF, 0xFFF] as [UInt16] {
        let bytes = try #require(
          written {
            var writer = STUNWriter(
              into: $0, class: messageClass, method: method, transactionID: id)
            return writer.finish(key: nil)
          })
        try withExact(bytes) {
          let message = try #require(STUNMessage($0))
          #expect(message.messageClass == messageClass)
          #expect(message.method == method)
          #expect(message.transactionID == id)
        }
      }
    }
  }

  @Test("a Binding request of a controlling agent is read whole")
  func bindingRequest() throws {
    let bytes = request(key: key) {
      $0.append(.username, text: "srv:cli")
      $0.append(.priority, uint32: 1_853_824_767)
      $0.append(.iceControlling, uint64: 0xFEDC_BA98_7654_3210)
      $0.append(.useCandidate)
    }
    try withExact(bytes) {
      let message = try #require(STUNMessage($0))
      #expect(message.usesCandidate)
      #expect(message.priority == 1_853_824_767)
      #expect(message.controlling == 0xFEDC_BA98_7654_3210)
      #expect(message.isAuthentic(key))
      #expect(message.usernameFragments?.receiver == "srv")
    }
  }

  @Test("one bit changed anywhere before the integrity attribute makes a request unauthentic")
  func integrityCoversAll() throws {
    let bytes = request(key: key, fingerprint: false) {
      $0.append(.username, text: "srv:cli")
      $0.append(.priority, uint32: 1)
    }
    let covered = bytes.count - 24
    for bit in 0..<(covered * 8) {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      withExact(changed) {
        if let message = STUNMessage($0) { #expect(!message.isAuthentic(key), "bit \(bit)") }
      }
    }
  }

  @Test("a fingerprint is not needed, but a wrong one refuses the message")
  func fingerprint() throws {
    let without = request(key: key, fingerprint: false) { $0.append(.username, text: "a:b") }
    try withExact(without) {
      let message = try #require(STUNMessage($0))
      #expect(!message.hasFingerprint)
      #expect(message.isAuthentic(key))
    }
    let with = request(key: key) { $0.append(.username, text: "a:b") }
    for bit in 0..<(with.count * 8) {
      var changed = with
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      // Another type or length may hide the fingerprint, but it is never taken for right.
      withExact(changed) { #expect(STUNMessage($0)?.hasFingerprint != true, "bit \(bit)") }
    }
  }

  @Test("nothing may follow the fingerprint")
  func afterFingerprint() {
    let bytes = request(key: key) { $0.append(.username, text: "a:b") }
    var longer = bytes + octets("8022 0000")
    longer[3] += 4
    withExact(longer) { #expect(STUNMessage($0) == nil) }
  }

  @Test("attributes behind MESSAGE-INTEGRITY are ignored: they are not protected")
  func afterIntegrity() throws {
    var bytes = request(key: key, fingerprint: false) { $0.append(.username, text: "a:b") }
    // USE-CANDIDATE, and one that would have to be understood.
    bytes += octets("0025 0000  7777 0000")
    bytes[3] += 8
    try withExact(bytes) {
      let message = try #require(STUNMessage($0))
      #expect(message.isAuthentic(key))
      #expect(!message.usesCandidate)
      #expect(message.unknownAttributes.isEmpty)
    }
  }

  @Test("attributes that must be understood and are not are answered with 420 and their list")
  func unknownAttributes() throws {
    let bytes = request(key: key) {
      $0.append(.username, text: "a:b")
      $0.append(STUNAttribute(rawValue: 0x7001), uint32: 1)
      $0.append(STUNAttribute(rawValue: 0x9001), uint32: 1)
      $0.append(STUNAttribute(rawValue: 0x0033))
    }
    try withExact(bytes) {
      let message = try #require(STUNMessage($0))
      let unknown = [STUNAttribute(rawValue: 0x7001), STUNAttribute(rawValue: 0x0033)]
      #expect(message.unknownAttributes == unknown)
      let reply = try #require(
        written { STUNResponse.error(.unknownAttribute, to: message, key: key, into: $0) })
      try withExact(reply) {
        let response = try #require(STUNMessage($0))
        #expect(response.messageClass == .errorResponse)
        #expect(response.errorCode == .unknownAttribute)
        #expect(response.isAuthentic(key))
      }
      #expect(Array(reply[28..<36]) == octets("000a 0004 7001 0033"))
    }
  }

  @Test("a flood of unknown attributes is remembered only so far")
  func unknownAttributesBounded() throws {
    let bytes = request(key: nil) {
      for i in 0..<100 { $0.append(STUNAttribute(rawValue: 0x4000 + UInt16(i))) }
    }
    withExact(bytes) {
      #expect(STUNMessage($0)?.unknownAttributes.count == STUNMessage.unknownLimit)
    }
  }

  @Test("an unauthenticated request never gets more octets than it had")
  func noAmplification() throws {
    let smallest = request(key: nil, fingerprint: false) { _ in }
    #expect(smallest.count == 20)
    try withExact(smallest) {
      let message = try #require(STUNMessage($0))
      #expect(
        written { STUNResponse.errorToUnauthenticated(.badRequest, to: message, into: $0) } == nil)
    }
    for extra in 0..<40 {
      for fingerprint in [false, true] {
        let bytes = request(key: nil, fingerprint: fingerprint) { writer in
          [UInt8](repeating: 0x61, count: extra).withUnsafeBytes {
            writer.append(.username, bytes: $0)
          }
          writer.append(STUNAttribute(rawValue: 0x7777))
        }
        try withExact(bytes) {
          let message = try #require(STUNMessage($0))
          for code in [STUNErrorCode.badRequest, .unauthenticated, .unknownAttribute] {
            if let reply = written({
              STUNResponse.errorToUnauthenticated(code, to: message, into: $0)
            }) {
              #expect(reply.count <= bytes.count)
              withExact(reply) { #expect(STUNMessage($0)?.errorCode == code) }
            }
          }
        }
      }
    }
  }

  @Test("responses and indications are not answered")
  func noAnswerToResponses() throws {
    try withExact(rfc5769IPv4Response) {
      let message = try #require(STUNMessage($0))
      #expect(
        written { STUNResponse.error(.badRequest, to: message, key: rfc5769Key, into: $0) } == nil)
    }
  }

  @Test("of an attribute that occurs twice the first counts")
  func duplicates() throws {
    let bytes = request(key: nil) {
      $0.append(.priority, uint32: 1)
      $0.append(.priority, uint32: 2)
      $0.append(.username, text: "first:x")
      $0.append(.username, text: "second:x")
    }
    try withExact(bytes) {
      let message = try #require(STUNMessage($0))
      #expect(message.priority == 1)
      #expect(message.usernameFragments?.receiver == "first")
    }
  }

  @Test(
    "known attributes of a wrong length refuse the message",
    arguments: [
      (STUNAttribute.priority, 3), (.priority, 8), (.iceControlling, 4), (.iceControlled, 12),
      (.messageIntegrity, 16), (.messageIntegrity, 24), (.fingerprint, 8), (.errorCode, 0),
      (.xorMappedAddress, 4), (.username, 513),
    ])
  func wrongLengths(attribute: STUNAttribute, length: Int) {
    let bytes = request(key: nil, fingerprint: false) { writer in
      [UInt8](repeating: 1, count: length).withUnsafeBytes { writer.append(attribute, bytes: $0) }
    }
    withExact(bytes) { #expect(STUNMessage($0) == nil) }
  }

  @Test("a user name without a colon or with control characters has no fragments")
  func usernames() throws {
    for text in ["nocolon", "a:b\u{7}", "a b:c", "é:x"] {
      let bytes = request(key: nil) { $0.append(.username, text: text) }
      try withExact(bytes) {
        let message = try #require(STUNMessage($0))
        #expect(message.usernameFragments == nil)
      }
    }
    let bytes = request(key: nil) { $0.append(.username, text: ":") }
    try withExact(bytes) {
      let message = try #require(STUNMessage($0))
      let fragments = try #require(message.usernameFragments)
      #expect(fragments == ("", ""))
    }
  }

  @Test("the cookie, the two zero bits and the length of a STUN header are checked")
  func header() {
    for (index, value) in [(0, 0x40), (0, 0x80), (4, 0x22), (3, 0x59), (3, 0x54)] as [(Int, UInt8)]
    {
      var bytes = rfc5769Request
      bytes[index] = value
      withExact(bytes) { #expect(STUNMessage($0) == nil) }
    }
    withExact(rfc5769Request + [0, 0, 0, 0]) { #expect(STUNMessage($0) == nil) }
  }

  @Test("no prefix of a message is one, and none traps")
  func truncation() {
    for vector in [rfc5769Request, rfc5769IPv4Response, rfc5769IPv6Response] {
      for length in 0..<vector.count {
        withExact(vector, prefix: length) { #expect(STUNMessage($0) == nil) }
        // The same with a length field that claims to fit.
        guard length >= 20, length % 4 == 0 else { continue }
        var honest = Array(vector.prefix(length))
        honest[2] = 0
        honest[3] = UInt8(length - 20)
        withExact(honest) { exercise(STUNMessage($0)) }
      }
    }
  }

  @Test("random changes of a message never trap")
  func mutations() {
    var random = SeededRandom(seed: 5)
    for _ in 0..<20_000 {
      var bytes = rfc5769Request
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
      }
      // Keep what would refuse nearly all of them right.
      bytes.replaceSubrange(0..<8, with: rfc5769Request[0..<8])
      if Bool.random(using: &random) {
        bytes.removeLast(8)
        bytes[3] -= 8
      }
      withExact(bytes) { exercise(STUNMessage($0)) }
    }
  }

  private func exercise(_ message: STUNMessage?) {
    guard let message else { return }
    _ = message.usernameFragments
    _ = message.xorMappedAddress
    _ = message.errorCode
    _ = message.isAuthentic(key)
    _ = written { STUNResponse.errorToUnauthenticated(.unknownAttribute, to: message, into: $0) }
  }

  @Test("a writer that runs out of room says so and stays within its buffer")
  func writerBounds() throws {
    for capacity in 0..<120 {
      var bytes = [UInt8](repeating: 0xA5, count: capacity + 8)
      let length: Int? = bytes.withUnsafeMutableBytes {
        var writer = STUNWriter(
          into: UnsafeMutableRawBufferPointer(rebasing: $0[0..<capacity]), class: .request,
          transactionID: id)
        writer.append(.username, text: "abcdefg:hijklmn")
        writer.append(.priority, uint32: 1)
        writer.append(.useCandidate)
        writer.appendXORMappedAddress(
          TransportAddress(ip: IPAddress(high: 1, low: 2), port: 3))
        return writer.finish(key: key)
      }
      // 20 + 20 + 8 + 4 + 24 + 24 + 8
      #expect(length == (capacity >= 108 ? 108 : nil))
      #expect(bytes.suffix(8).allSatisfy { $0 == 0xA5 })
    }
  }
}

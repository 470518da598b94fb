import Testing
import Wire

@testable import Transport

@Suite struct SeamTypeTests {
  @Test("fingerprints are read in either case and written in upper case")
  func fingerprint() throws {
    let digits = (0..<32).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
    let read = try #require(CertificateFingerprint(sdp: "SHA-256 " + digits.joined(separator: ":")))
    #expect(read.bytes == Array(0..<32))
    #expect(read.sdp == "sha-256 " + digits.joined(separator: ":").uppercased())
    #expect(CertificateFingerprint(sdp: read.sdp) == read)
  }

  @Test(
    "malformed or weak fingerprints are refused",
    arguments: [
      "", "sha-256", "sha-256 ", "sha-256 AA", "sha-256 AA:BB",
      "sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33",
      "md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
      "sha-256 " + Array(repeating: "0G", count: 32).joined(separator: ":"),
      "sha-256 " + Array(repeating: "00", count: 32).joined(separator: "-"),
      "sha-256 " + Array(repeating: "00", count: 33).joined(separator: ":"),
      "sha-256 " + Array(repeating: "00", count: 32).joined(separator: ":") + " x",
    ])
  func badFingerprint(_ text: String) {
    #expect(CertificateFingerprint(sdp: text) == nil)
  }

  @Test("credentials: lengths and characters of RFC 8839")
  func credentials() {
    func valid(_ name: String, _ password: String) -> Bool {
      ICECredentials(usernameFragment: name, password: password) != nil
    }
    let password = String(repeating: "p", count: 22)
    #expect(valid("abcd", password))
    #expect(valid("a+/9", String(repeating: "z", count: 256)))
    #expect(!valid("abc", password))
    #expect(!valid("abcd", String(password.dropLast())))
    #expect(!valid("ab:d", password))
    #expect(!valid("abc d", password))
    #expect(!valid("abcé", password))
    #expect(!valid(String(repeating: "a", count: 257), password))
    #expect(!valid("abcd", String(repeating: "z", count: 257)))
  }

  @Test("random credentials are valid and differ")
  func randomCredentials() {
    var secret = SecretRandom()
    var seen: Set<ICECredentials> = []
    for _ in 0..<200 {
      let made = ICECredentials.random(from: &secret)
      #expect(
        ICECredentials(usernameFragment: made.usernameFragment, password: made.password) == made)
      seen.insert(made)
    }
    #expect(seen.count == 200)
  }

  @Test("the kind of a datagram is in its first two octets (RFC 7983, RFC 5761)")
  func kinds() {
    func kind(_ bytes: [UInt8]) -> DatagramKind? { bytes.withUnsafeBytes { DatagramKind($0) } }
    #expect(kind([]) == nil)
    #expect(kind([0]) == nil)
    #expect(kind([0, 1]) == .stun)
    #expect(kind([3, 1]) == .stun)
    #expect(kind([4, 1]) == nil)
    #expect(kind([19, 1]) == nil)
    #expect(kind([20, 1]) == .dtls)
    #expect(kind([63, 1]) == .dtls)
    #expect(kind([64, 1]) == nil)
    #expect(kind([127, 1]) == nil)
    #expect(kind([128, 111]) == .rtp)
    #expect(kind([191, 191]) == .rtp)
    #expect(kind([128, 192]) == .rtcp)
    #expect(kind([129, 200]) == .rtcp)
    #expect(kind([191, 223]) == .rtcp)
    #expect(kind([128, 224]) == .rtp)
    #expect(kind([192, 0]) == nil)
  }

  @Test("certificates differ, and their fingerprint is that of the certificate")
  func certificates() throws {
    let first = try DTLSCertificate.generate()
    let second = try DTLSCertificate.generate()
    #expect(first.fingerprint != second.fingerprint)
    #expect(first.fingerprint.algorithm == .sha256)
    #expect(CertificateFingerprint(of: first.x509, .sha256) == first.fingerprint)
  }

  @Test("keys of a wrong length are refused, mirrored ones fit the other side")
  func keys() throws {
    for profile in SRTPProfile.allCases {
      let length = profile.keyLength + profile.saltLength
      let right = [UInt8](repeating: 1, count: length)
      #expect(
        SRTPKeyingMaterial(profile: profile, local: right, remote: Array(right.dropLast())) == nil)
      #expect(SRTPKeyingMaterial(profile: profile, local: right + [0], remote: right) == nil)
      let other = [UInt8](repeating: 2, count: length)
      let keys = try #require(
        SRTPKeyingMaterial(profile: profile, local: right, remote: other))
      #expect(keys.mirrored.local == other)
      #expect(keys.mirrored.remote == right)
    }
  }

  @Test("a full batch drops, counts and gives the slot back; an empty one holds nothing")
  func batch() throws {
    let arena = PacketArena(slotCount: 4)
    defer { arena.deallocate() }
    do {
      var out = OutboundBatch(capacity: 2, arena: arena)
      for i in 1...3 {
        let slot = try #require(arena.allocate())
        out.append(slot, length: i, path: .test(UInt32(i)))
      }
      // Expectations take copies, and a batch has none.
      let (isFull, refused, lengths) = (out.isFull, out.refused, out.entries.map(\.length))
      #expect(isFull)
      #expect(refused == 1)
      #expect(lengths == [1, 2])
      #expect(arena.freeCount == 2)
      out.removeAll()
      #expect(arena.freeCount == 4)
      let tooLong = try #require(arena.allocate())
      out.append(tooLong, length: PacketArena.slotCapacity + 1, path: .test(1))
      #expect(arena.freeCount == 4)
      let kept = try #require(arena.allocate())
      out.append(kept, length: 1, path: .test(1))
      #expect(arena.freeCount == 3)
    }
    #expect(arena.freeCount == 4, "a batch that goes away gives its slots back")
  }
}

import Consultation
import Foundation
import JWTKit
import Testing
import Transport
import Wire

@testable import Signaling

@Suite("Access tokens")
struct AccessTokenTests {
  private let now = WallClock(milliseconds: 1_800_000_000_000)
  private let key = TestWorld.key
  private let secret = TestWorld.secret

  /// Claims that are accepted, to be spoilt one at a time.
  private struct Claims: JWTPayload {
    var iss: String? = TestWorld.key
    var role: String? = "patient"
    var consultation: String? = "consultation"
    var name: String? = "Zoë"
    var sub: String? = "subject"
    var jti: String? = "one"
    var nbf: Double? = 1_799_999_000
    var exp: Double? = 1_800_003_600
    var iat: Double? = 1_799_999_000
    var once: Bool?

    func verify(using algorithm: some JWTAlgorithm) {}
  }

  private func sign(
    _ change: (inout Claims) -> Void = { _ in }, secret: String? = nil,
    algorithm: DigestAlgorithm = .sha256
  ) async throws -> String {
    var claims = Claims()
    change(&claims)
    let keys = JWTKeyCollection()
    await keys.add(hmac: HMACKey(from: secret ?? self.secret), digestAlgorithm: algorithm)
    return try await keys.sign(claims)
  }

  private func verify(_ text: String) async throws -> Result<AccessToken, TokenRefusal> {
    let authority = try await AccessTokenAuthority(apiKey: key, apiSecret: secret)
    do throws(TokenRefusal) {
      return .success(try await authority.verify(text, at: now))
    } catch {
      return .failure(error)
    }
  }

  private func refusal(_ text: String) async throws -> TokenRefusal? {
    if case .failure(let refusal) = try await verify(text) { refusal } else { nil }
  }

  @Test("a token that another program signed says what it says")
  func accepted() async throws {
    let token = try await verify(try await sign()).get()
    #expect(token.role == .patient)
    #expect(token.consultation?.rawValue == "consultation")
    #expect(token.name?.rawValue == "Zoë")
    #expect(token.subject == "subject")
    #expect(token.identifier == "one")
    #expect(token.expires == WallClock(milliseconds: 1_800_003_600_000))
    #expect(!token.singleUse)
  }

  @Test("what is minted here is verified here")
  func minted() async throws {
    let authority = try await AccessTokenAuthority(apiKey: key, apiSecret: secret)
    let token = AccessToken(
      role: .physician, consultation: ConsultationID(rawValue: "c"),
      name: DisplayName(rawValue: "Dr House"), identifier: "i", notBefore: now,
      expires: now.advanced(bySeconds: 60), singleUse: true)
    let text = try await authority.mint(token, issuedAt: now)
    #expect(try await authority.verify(text, at: now) == token)
  }

  @Test("every way to be wrong has its own refusal and its own sentence")
  func refusals() async throws {
    let none = [#"{"alg":"none","typ":"JWT"}"#, #"{"iss":"test-key","role":"physician"}"#]
      .map {
        Data($0.utf8).base64EncodedString().replacing("=", with: "").replacing("+", with: "-")
          .replacing("/", with: "_")
      }.joined(separator: ".")
    let good = try await sign()
    let parts = good.split(separator: ".")
    let cases: [(String, TokenRefusal)] = [
      ("", .missing),
      (none + ".", .algorithm),
      (none + "." + parts[2], .algorithm),
      (try await sign(secret: TestWorld.secret + TestWorld.secret, algorithm: .sha384), .algorithm),
      (try await sign(secret: "another secret of thirty-two octets"), .signature),
      (parts[0] + "." + parts[1] + ".", .signature),
      (
        parts[0] + "." + (try await sign { $0.role = "physician" }).split(separator: ".")[1] + "."
          + parts[2], .signature
      ),
      (try await sign { $0.iss = "another-key" }, .issuer),
      (try await sign { $0.iss = nil }, .issuer),
      (try await sign { $0.role = "janitor" }, .role),
      (try await sign { $0.role = nil }, .role),
      (try await sign { $0.exp = nil }, .noExpiry),
      (try await sign { $0.exp = 1_800_000_000 }, .expired(now)),
      (
        try await sign { $0.nbf = 1_800_000_031 },
        .notYetValid(WallClock(milliseconds: 1_800_000_031_000))
      ),
      (try await sign { $0.consultation = nil }, .consultation),
      (try await sign { $0.consultation = "not an id" }, .consultation),
      (
        try await sign {
          $0.role = "ops"
          $0.consultation = "not an id"
        }, .consultation
      ),
    ]
    for (text, expected) in cases {
      #expect(try await refusal(text) == expected)
    }
    #expect(Set(cases.map { $0.1.sentence }).count == Set(cases.map(\.1)).count)
  }

  @Test(
    "what is no JWT is malformed",
    arguments: ["x", "a.b", "a.b.c.d", "...", "é.é.é", String(repeating: "a", count: 5000)])
  func malformed(text: String) async throws {
    guard case .malformed = try await refusal(text) else {
      Issue.record("not malformed")
      return
    }
  }

  @Test("claims of the wrong kind are malformed")
  func malformedClaims() async throws {
    let texts = [
      try await sign { $0.name = "\u{202E}evil" }, try await sign { $0.name = "" },
      try await sign { $0.jti = "" },
      try await sign { $0.sub = String(repeating: "x", count: 200) },
      try await sign { $0.exp = 1e300 },
      try await sign {
        $0.once = true
        $0.jti = nil
      },
    ]
    for text in texts {
      guard case .malformed = try await refusal(text) else {
        Issue.record("not malformed")
        continue
      }
    }
  }

  @Test("a clock that is half a minute ahead does no harm")
  func leeway() async throws {
    #expect(try await refusal(try await sign { $0.nbf = 1_800_000_030 }) == nil)
  }

  @Test("only roles that serve several consultations go without one")
  func unbound() async throws {
    for role in ParticipantRole.allCases {
      let refusal = try await refusal(
        try await sign {
          $0.role = role.rawValue
          $0.consultation = nil
        })
      #expect((refusal == nil) == [.ops, .backend, .loadtest].contains(role))
    }
  }

  @Test("a secret shorter than the hash is not accepted")
  func shortSecret() async {
    await #expect(throws: TokenAuthorityError.secretTooShort) {
      try await AccessTokenAuthority(apiKey: "k", apiSecret: "short")
    }
  }

  @Test("a resume token is found again in its text, and no other one matches")
  func resumeToken() throws {
    var random = SecretRandom()
    let consultation = try #require(ConsultationID(rawValue: "c"))
    let participant = try #require(ParticipantID(rawValue: "p"))
    let token = ResumeToken(
      consultation: consultation, participant: participant, using: &random)
    let other = ResumeToken(
      consultation: consultation, participant: participant, using: &random)
    let parsed = try #require(ResumeToken(text: token.text))
    #expect(parsed.matches(token))
    #expect(!other.matches(token))
    #expect(token.text.utf8.count <= 256)
    for text in ["", "~~", "c~p~short", "c~p", "c~p~\(String(repeating: "a", count: 40))~x"] {
      #expect(ResumeToken(text: text) == nil)
    }
  }
}

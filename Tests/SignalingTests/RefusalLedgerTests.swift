import Consultation
import Testing
import Wire

@testable import Signaling

@Suite("Refused tokens and joins that come too often")
struct RefusalLedgerTests {
  private let start = MediaInstant(nanoseconds: 1_000)

  @Test("a million tries are a line at once and one in ten seconds, with all of them counted")
  func gathered() throws {
    let ledger = RefusalLedger()
    let consultation = try #require(ConsultationID(rawValue: "one"))
    ledger.note(.missing, about: nil)
    #expect(ledger.take(at: start).isEmpty)
    var written: [RefusedTokens] = []
    for second in 0..<25 {
      for _ in 0..<1000 { ledger.note(.signature, about: nil) }
      if second == 3 { ledger.note(.banned, about: consultation) }
      written += ledger.take(at: start + .seconds(Int64(second)))
    }
    let last = ledger.take(at: start + .seconds(25), isLast: true)
    let signatures = written.filter { $0.reason == "signature" }.map(\.count)
    #expect(signatures == [1000, 10_000, 10_000])
    #expect(written.contains(RefusedTokens(reason: "banned", consultation: consultation, count: 1)))
    #expect(last == [RefusedTokens(reason: "signature", consultation: nil, count: 4000)])
    #expect(ledger.totals.first { $0.reason == "signature" }?.count == 25_000)
    ledger.putBack(last)
    #expect(ledger.take(at: start + .seconds(60)) == last)
  }

  @Test("every refusal has a word that `/metrics` knows")
  func words() {
    let all: [TokenRefusal] = [
      .missing, .malformed(""), .algorithm, .key, .signature, .issuer, .role, .noExpiry,
      .expired(WallClock(milliseconds: 0)), .notYetValid(WallClock(milliseconds: 0)), .consultation,
      .otherConsultation, .used, .notAllowed(.patient), .banned,
    ]
    #expect(all.map(\.reason) == TokenRefusal.reasons)
  }

  @Test("a token may come so often in a minute, an address more often, and both tables are bounded")
  func joins() {
    let limiter = JoinLimiter(.init(joinsPerAddress: 5, joinsPerToken: 3))
    let (a, b) = (IPAddress(v4: 1), IPAddress(v4: 2))
    let first = (0..<4).map { _ in limiter.join("token", from: a, at: start) }
    #expect(first == [nil, nil, nil, 21])
    // What was refused for its token is not counted for the address.
    let others = (0..<3).map { limiter.join("other \($0)", from: a, at: start) }
    #expect(others == [nil, nil, 13])
    #expect(limiter.join("other", from: b, at: start) == nil)
    #expect(limiter.join("token", from: b, at: start + .seconds(21)) == nil)
    for number in 0..<UInt32(JoinLimiter.capacity * 2) {
      _ = limiter.join("token \(number)", from: IPAddress(v4: number), at: start)
    }
    #expect(limiter.tracked.addresses <= JoinLimiter.capacity)
    #expect(limiter.tracked.tokens <= JoinLimiter.capacity)
  }
}

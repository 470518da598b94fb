import Testing
import Wire

@testable import Signaling

@Suite("Rate limits")
struct RateLimitTests {
  private let start = MediaInstant(nanoseconds: 1_000)

  @Test("a bucket gives its burst at once, then its rate")
  func bucket() {
    var bucket = TokenBucket(capacity: 3, perSecond: 10, now: start)
    let burst = (0..<5).map { _ in bucket.take(at: start) }
    #expect(burst == [true, true, true, false, false])
    #expect(bucket.delay(at: start) == .milliseconds(100))
    let trickle = [99, 100, 100].map { bucket.take(at: start + .milliseconds($0)) }
    #expect(trickle == [false, true, false])
    let later = start + .seconds(60)
    #expect(bucket.isFull(at: later))
    let again = (0..<4).map { _ in bucket.take(at: later) }
    #expect(again == [true, true, true, false])
  }

  private func limiter() -> AddressLimiter {
    AddressLimiter(
      .init(requestBurst: 2, requestsPerSecond: 1, refusalBurst: 1, refusalsPerSecond: 1))
  }

  @Test("addresses do not count for each other; an IPv6 address counts by its /64")
  func addresses() {
    let limiter = limiter()
    let a = IPAddress(v4: 0x0102_0304)
    let b = IPAddress(v4: 0x0102_0305)
    let six = IPAddress(high: 7, low: 1)
    let neighbour = IPAddress(high: 7, low: 2)
    for address in [a, b, six] {
      #expect(limiter.request(from: address, at: start) == .allowed)
    }
    #expect(limiter.request(from: neighbour, at: start) == .allowed)
    #expect(limiter.request(from: six, at: start) == .refused(retryAfter: 2))
    #expect(limiter.request(from: a, at: start) == .allowed)
    #expect(limiter.request(from: a, at: start) == .refused(retryAfter: 2))
  }

  @Test("after too many refused tokens none is looked at for a while")
  func refusals() {
    let limiter = limiter()
    let address = IPAddress(v4: 1)
    #expect(limiter.mayTry(from: address, at: start) == .allowed)
    limiter.refusal(from: address, at: start)
    #expect(limiter.mayTry(from: address, at: start) != .allowed)
    #expect(limiter.mayTry(from: IPAddress(v4: 2), at: start) == .allowed)
    #expect(limiter.mayTry(from: address, at: start + .seconds(2)) == .allowed)
  }

  @Test("a flood from very many addresses is forgotten, not kept")
  func manyAddresses() {
    let limiter = limiter()
    for value in 0..<UInt32(AddressLimiter.capacity * 2) {
      #expect(limiter.request(from: IPAddress(v4: value), at: start) == .allowed)
    }
    #expect(limiter.trackedAddresses <= AddressLimiter.capacity)
  }
}

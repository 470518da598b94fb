import Foundation
import MediaEngine
import Signaling
import Synchronization
import Transport
import Wire

/// Offers that real clients made, by file name.
enum NegotiationFixtures {
  static let offers: [String: String] = {
    let folder = Bundle.module.bundleURL.appendingPathComponent("Fixtures/sdp")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.filter { $0.contains("offer") }.compactMap { name in
        (try? Data(contentsOf: folder.appendingPathComponent(name))).map {
          (name, String(decoding: $0, as: UTF8.self))
        }
      })
  }()

  static let names = offers.keys.sorted()

  static func text(_ name: String) -> String { offers[name + ".sdp"] ?? offers[name] ?? "" }

  static let fingerprint = CertificateFingerprint(
    algorithm: .sha256, bytes: (0..<32).map { UInt8($0) })

  static let candidates = ICECandidate.hosts(
    addresses: ["2001:db8::5", "192.0.2.5", "127.0.0.1"].compactMap { IPAddress(text: $0) },
    port: 5000)

  static func machine(_ identifiers: CountingIdentifiers = CountingIdentifiers()) throws
    -> NegotiationStateMachine
  {
    guard let fingerprint else { throw MissingFixture() }
    return NegotiationStateMachine(
      identifiers: identifiers, fingerprint: fingerprint, candidates: candidates)
  }

  struct MissingFixture: Error {}
}

/// Identifiers that count from 1, of each kind apart.
final class CountingIdentifiers: NegotiationIdentifiers, Sendable {
  private let peers = Atomic<UInt64>(0)
  private let publications = Atomic<UInt64>(100)
  private let subscriptions = Atomic<UInt64>(200)
  private let sources = Atomic<UInt32>(0x1000)
  private let credentials = Atomic<UInt64>(0)

  func nextPeer() -> PeerID {
    PeerID(rawValue: peers.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  func nextPublication() -> PublicationID {
    PublicationID(rawValue: publications.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  func nextSubscription() -> SubscriptionID {
    SubscriptionID(rawValue: subscriptions.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  func nextSSRC() -> SSRC { SSRC(sources.wrappingAdd(1, ordering: .relaxed).newValue) }

  func nextCredentials() -> ICECredentials {
    let number = credentials.wrappingAdd(1, ordering: .relaxed).newValue
    guard
      let made = ICECredentials(
        usernameFragment: "ours\(number)", password: "password0password0pass\(number)")
    else { preconditionFailure("credentials of the test are invalid") }
    return made
  }
}

internal import Synchronization

/// The open WebSockets, so that all of them can be told when the server stops.
final class LinkRegistry: Sendable {
  private let links = Mutex<[ObjectIdentifier: ClientLink]>([:])

  var count: Int { links.withLock { $0.count } }

  func add(_ link: ClientLink) { links.withLock { $0[ObjectIdentifier(link)] = link } }

  func remove(_ link: ClientLink) {
    links.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(link)) }
  }

  func closeAll(_ code: CloseCode) {
    for link in links.withLock({ Array($0.values) }) { link.close(code) }
  }
}

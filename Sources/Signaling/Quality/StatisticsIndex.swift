internal import MediaEngine

/// A worker's numbers by what they are about.
struct StatisticsIndex {
  let peers: [PeerID: PeerStatistics]
  let publications: [PublicationID: PublicationStatistics]
  let subscriptions: [SubscriptionID: SubscriptionStatistics]

  init(_ statistics: WorkerStatistics) {
    peers = .init(statistics.peers.map { ($0.id, $0) }) { first, _ in first }
    publications = .init(statistics.publications.map { ($0.id, $0) }) { first, _ in first }
    subscriptions = .init(statistics.subscriptions.map { ($0.id, $0) }) { first, _ in first }
  }
}

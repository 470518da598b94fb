internal import Synchronization

/// What signaling has done since the start. Each is shown by `/metrics` under its own name.
final class SignalingCounters: Sendable {
  enum Counter: Int, CaseIterable {
    case httpInformational, httpSuccess, httpRedirection, httpClientError, httpServerError
    case webSocketsOpened, webSocketsClosed
    case messagesReceived, messagesSent, messagesRefused
    case originsRefused, rateLimited, slowClients
    case joinsRefusedLimit, joinsRefusedLoad, joinsRefusedRate
    case joins, resumes, leaves, connectionsLost
    case offersAnswered, offersRefused
    case mediaFailures
    case recordFailures
  }

  private let values = Mutex([Int](repeating: 0, count: Counter.allCases.count))

  func add(_ counter: Counter, _ amount: Int = 1) {
    values.withLock { $0[counter.rawValue] += amount }
  }

  subscript(_ counter: Counter) -> Int { values.withLock { $0[counter.rawValue] } }
}

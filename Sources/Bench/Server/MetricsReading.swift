internal import NIOHTTP1

/// The numbers of a server's `/metrics` (Prometheus text), those of one name added up.
struct MetricsReading: Sendable {
  private(set) var values: [String: Double] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let value = Double(words[words.count - 1]) else { continue }
      let name = String(line.prefix { $0 != "{" && $0 != " " })
      values[name, default: 0] += value
    }
  }

  /// `nil` when there is no such page or we may not see it.
  static func read(_ url: ServerURL, token: String, _ client: NetworkClient) async
    -> MetricsReading?
  {
    var headers = HTTPHeaders()
    if !token.isEmpty { headers.add(name: "Authorization", value: "Bearer \(token)") }
    guard
      let response = try? await client.request(
        .GET, url.with(target: "/metrics"), headers: headers),
      response.status == 200
    else { return nil }
    return MetricsReading(response.body)
  }
}

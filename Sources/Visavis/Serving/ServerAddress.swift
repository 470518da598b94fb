internal import Wire

/// How the server is called by those who connect to it.
struct ServerAddress {
  private let http: Settings.HTTP

  init(_ http: Settings.HTTP) { self.http = http }

  /// What links begin with.
  func forClients(port: Int) -> String { http.publicURL ?? listening(port) }

  /// For commands on this machine. With TLS that is the public name, which the certificate is for.
  func local(port: Int) -> String {
    http.tls.certificate == nil ? listening(port) : forClients(port: port)
  }

  /// Browsers give camera and microphone to `localhost`, so loopback is called that.
  private func listening(_ port: Int) -> String {
    let scheme = http.tls.certificate == nil ? "http" : "https"
    let address = IPAddress(text: http.host)
    let host =
      if SettingsCheck.isLoopback(http.host) || address == .unspecified
        || address == IPAddress(v4: 0)
      {
        "localhost"
      } else {
        address.map { $0.isIPv4 ? http.host : "[\(http.host)]" } ?? http.host
      }
    return "\(scheme)://\(host):\(port)"
  }
}

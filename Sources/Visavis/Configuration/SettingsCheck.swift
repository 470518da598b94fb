internal import Wire

/// What must hold between settings.
struct SettingsCheck {
  let settings: Settings
  let origins: [String: SettingOrigin]

  var problems: [SettingProblem] {
    [tls, exposure, ports, portClash, turn, credentials, keySet, webhooks].compactMap { $0 }
  }

  private var tls: SettingProblem? {
    let tls = settings.http.tls
    guard (tls.certificate == nil) != (tls.key == nil) else { return nil }
    let (given, missing) =
      tls.key == nil
      ? ("http.tls.certificate", "http.tls.key") : ("http.tls.key", "http.tls.certificate")
    return problem(given, "\(given) is given without \(missing); HTTPS needs both")
  }

  private var exposure: SettingProblem? {
    let http = settings.http
    guard !Self.isLoopback(http.host), http.tls.certificate == nil, http.tls.key == nil,
      !http.allowPlaintext
    else { return nil }
    return problem(
      "http.host",
      "http.host \(http.host) is not loopback, and without TLS everyone on the way could listen and "
        + "take part; set http.tls.certificate and http.tls.key, or http.allowPlaintext: true if a "
        + "proxy in front does TLS")
  }

  private var ports: SettingProblem? {
    let media = settings.media
    guard media.port > 0, media.port + media.workers - 1 > 65_535 else { return nil }
    return problem(
      "media.port",
      "media.port \(media.port) leaves no ports for \(media.workers) workers; it must be at most "
        + "\(65_536 - media.workers)")
  }

  private var portClash: SettingProblem? {
    let media = settings.media
    // With one worker a core we know of the first only.
    let ports = media.port..<(media.port + max(1, media.workers))
    guard media.tcp, media.port > 0, ports.contains(settings.http.port) else { return nil }
    return problem(
      "media.port",
      "http.port \(settings.http.port) is one of the TCP ports of media, \(media.port) to "
        + "\(ports.upperBound - 1); change one of them, or set media.tcp: false")
  }

  private var turn: SettingProblem? {
    let turn = settings.turn
    guard turn.urls.isEmpty != (turn.secret == nil) else { return nil }
    let (given, missing) =
      turn.secret == nil ? ("turn.urls", "turn.secret") : ("turn.secret", "turn.urls")
    return problem(given, "\(given) is given without \(missing); TURN needs both")
  }

  private var credentials: SettingProblem? {
    let api = settings.api
    guard (api.key == nil) != (api.secret == nil) else { return nil }
    let (given, missing) = api.secret == nil ? ("api.key", "api.secret") : ("api.secret", "api.key")
    return problem(
      given, "\(given) is given without \(missing); give both, or none to have them generated")
  }

  private var keySet: SettingProblem? {
    let api = settings.api
    guard (api.jwks == nil) != (api.issuer == nil) else { return nil }
    let (given, missing) =
      api.issuer == nil ? ("api.jwks", "api.issuer") : ("api.issuer", "api.jwks")
    return problem(given, "\(given) is given without \(missing); a key set needs both")
  }

  private var webhooks: SettingProblem? {
    let webhooks = settings.webhooks
    guard (webhooks.url == nil) != (webhooks.secret == nil) else { return nil }
    let (given, missing) =
      webhooks.secret == nil
      ? ("webhooks.url", "webhooks.secret") : ("webhooks.secret", "webhooks.url")
    return problem(given, "\(given) is given without \(missing); a webhook needs both")
  }

  private func problem(_ key: String, _ text: String) -> SettingProblem {
    SettingProblem(origin: origins[key], text: text)
  }

  static func isLoopback(_ host: String) -> Bool {
    host.lowercased() == "localhost" || IPAddress(text: host)?.isLoopback == true
  }
}

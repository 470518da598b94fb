internal import Consultation
internal import Records
internal import Wire

extension Setting {
  /// In the order of the configuration file.
  static let all: [Setting] = [
    .text(
      "http.host", \.http.host, "an IP address or a host name",
      "Where to listen. Beyond loopback only with http.tls or http.allowPlaintext.",
      where: isHost),
    .number(
      "http.port", \.http.port, 0...65_535,
      "TCP port of pages, signaling, WHIP, WHEP and API. 0: any free one."),
    .optionalText(
      "http.publicURL", \.http.publicURL,
      "a URL without a path, as https://visavis.example.org",
      "How clients reach the server; links begin with it. Empty: made from host and port.",
      where: isOrigin),
    .optionalText(
      "http.tls.certificate", \.http.tls.certificate, "the path of a PEM file",
      "PEM file of the certificate chain; with the key it turns HTTPS on. Read again on SIGHUP."),
    .optionalText(
      "http.tls.key", \.http.tls.key, "the path of a PEM file",
      "PEM file of the certificate's private key."),
    .flag(
      "http.allowPlaintext", \.http.allowPlaintext,
      "Plain HTTP beyond loopback: only behind a proxy that does TLS."),
    .list(
      "http.allowedOrigins", \.http.allowedOrigins,
      "a list of web origins, as [https://portal.example.org], or [\"*\"]",
      "Web origins besides our own whose pages may connect. \"*\": every one.",
      where: { $0 == "*" || isOrigin($0) }),
    .number(
      "media.port", \.media.port, 0...65_535,
      "UDP and TCP port of the first media worker, worker i has port + i. 0: any free ones."),
    .number(
      "media.workers", \.media.workers, 0...256,
      "Media threads. 0: one for each core."),
    .list(
      "media.announcedAddresses", \.media.announcedAddresses,
      "a list of IP addresses, as [203.0.113.7, \"2001:db8::7\"]",
      "Addresses that clients are told, where NAT hides ours. Empty: every usable address.",
      where: { IPAddress(text: $0) != nil }),
    .flag(
      "media.tcp", \.media.tcp,
      "Whether media may come by TCP on the same ports, from networks that block UDP."),
    .number(
      "media.coalesce", \.media.coalesce, 0...10,
      "Milliseconds that packets under load may wait to share a turn. 0: none does."),
    .choice(
      "srtp.engine", \.srtp.engine,
      "What encrypts media: openssl (ours, on its ciphers) or libsrtp2."),
    .list(
      "turn.urls", \.turn.urls,
      "a list of TURN URLs, as [\"turn:turn.example.org\", \"turns:turn.example.org:443?transport=tcp\"]",
      "TURN servers that clients are told of, with credentials that end. See Config/coturn.conf.",
      where: isTURN),
    .optionalText(
      "turn.secret", \.turn.secret, "at least 16 characters",
      "What the TURN servers share with us: coturn's static-auth-secret.",
      isSecret: true, where: { (16...1024).contains($0.utf8.count) }),
    .number(
      "turn.lifetime", \.turn.lifetime, 600...604_800,
      "Seconds that TURN credentials are good for. Longer than any consultation."),
    .optionalText(
      "state", \.state, "the path of a folder",
      "Folder of database and secrets. Empty: $XDG_STATE_HOME/visavis or ~/.local/state/visavis."),
    .optionalText(
      "api.key", \.api.key, "1 to 64 of the characters A-Z a-z 0-9 _ - .",
      "Names who signs access tokens (claim iss). Empty: generated into the state folder.",
      where: isKeyName),
    .optionalText(
      "api.secret", \.api.secret, "at least 32 characters",
      "What access tokens are signed with (HS256). Empty: generated into the state folder.",
      isSecret: true, where: { (32...1024).contains($0.utf8.count) }),
    .optionalText(
      "api.jwks", \.api.jwks, "the path of a JSON file",
      "JWK Set of who else signs tokens, with RS256 or ES256. Read again on SIGHUP."),
    .optionalText(
      "api.issuer", \.api.issuer, "1 to 256 visible characters",
      "Who signs with the keys of api.jwks: the claim iss of those tokens.",
      where: { (1...256).contains($0.utf8.count) && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }),
    .number(
      "signaling.resumeSeconds", \.signaling.resumeSeconds, 5...3600,
      "How long a participant whose connection is lost keeps the place."),
    .number(
      "signaling.maxParticipants", \.signaling.maxParticipants, 2...64,
      "People in one consultation."),
    .number(
      "admission.participants", \.admission.participants, 0...100_000,
      "People on the whole server; who comes then is told that it is busy. 0: no such limit."),
    .number(
      "admission.load", \.admission.load, 5...100,
      "Percent of a media thread's time at work from which on nobody new comes in. 100: any load."),
    .number(
      "admission.joinsPerAddress", \.admission.joinsPerAddress, 10...1_000_000,
      "Joins in a minute from one address; a clinic is one address behind its NAT."),
    .number(
      "admission.joinsPerToken", \.admission.joinsPerToken, 3...1_000_000,
      "Joins in a minute with one token. Coming back after a lost connection is none."),
    .flag(
      "loadtest.enabled", \.loadtest.enabled,
      "Whether the role loadtest may use consultations whose id starts with bench-."),
    .flag(
      "metrics.public", \.metrics.public,
      "Whether /metrics answers anyone. Otherwise: loopback, and tokens of the role ops."),
    .optionalText(
      "webhooks.url", \.webhooks.url,
      "an https URL, or an http URL of this machine, as https://hospital.example.org/visavis",
      "Where events are sent (Docs/Webhooks.md). Empty: nowhere.", where: isWebhook),
    .optionalText(
      "webhooks.secret", \.webhooks.secret, "whsec_ and base64 of 24 to 64 octets",
      "What events are signed with, in the form of Standard Webhooks.", isSecret: true,
      where: { WebhookSecret($0) != nil }),
    .number(
      "webhooks.retry", \.webhooks.retry, 1...600,
      "Seconds until an event that was not taken is sent again; twice as long each time."),
    .number(
      "files.size", \.files.size, 0...100,
      "MiB of one file that is shared in a consultation. 0: files are not shared."),
    .number(
      "files.total", \.files.total, 1...1_000_000,
      "MiB of all files that are there at one time."),
    .list(
      "files.types", \.files.types, "a list of jpeg, png, webp and pdf",
      "What may be shared, told by the content.",
      where: { FileType(rawValue: $0).map(FileType.shareable.contains) ?? false }),
    .number(
      "files.handover", \.files.handover, 0...2_592_000,
      "Seconds that a file stays for the back end (Docs/Webhooks.md). 0: gone when people are."),
    .number(
      "hooks.threads", \.hooks.threads, 1...16,
      "Threads that decode and encode (Docs/Hooks.md), beside those of media."),
    .number(
      "hooks.downscale", \.hooks.downscale, 0...32,
      "Smaller pictures that are made at one time for receivers on narrow paths. 0: none."),
    .number(
      "hooks.mix", \.hooks.mix, 0...16,
      "Receivers on narrow paths that get all voices in one stream at one time. 0: none."),
    .flag(
      "hooks.loudness", \.hooks.loudness,
      "Whether microphones are decoded to measure how loud and how clipped they are."),
    .list(
      "bridges.networks", \.bridges.networks, "a list of networks, as [10.20.0.0/16]",
      "Where bridges to RTP may lead (Docs/Hooks.md). Empty: there are none.",
      where: { IPNetwork($0) != nil }),
    .optionalText(
      "bridges.address", \.bridges.address, "an IP address of this machine",
      "IP address where bridges take RTP. Empty: the one from which a way leads to the other side.",
      where: { IPAddress(text: $0) != nil }),
    .number(
      "bridges.port", \.bridges.port, 0...65_000,
      "First UDP port of bridges; as many follow as bridges.limit says. 0: any."),
    .number(
      "bridges.limit", \.bridges.limit, 1...16,
      "Bridges that run at one time on the whole server."),
    .number(
      "recordings.total", \.recordings.total, 0...10_000_000,
      "MiB of all recordings that are there at one time. 0: nothing is recorded."),
    .number(
      "recordings.minutes", \.recordings.minutes, 1...1440,
      "Minutes after which a recording ends."),
    .number(
      "recordings.kept", \.recordings.kept, 60...31_536_000,
      "Seconds that a recording stays for the back end (Docs/Webhooks.md)."),
    .flag(
      "quality.watch", \.quality.watch,
      "Whether the quality of calls is watched, told and kept. Off: nobody knows what was wrong."),
    .number(
      "quality.loss", \.quality.loss, 1...100,
      "Percent of packets lost on a way from which on it is an incident."),
    .number(
      "quality.jitter", \.quality.jitter, 5...2000,
      "Milliseconds of jitter (RFC 3550) from which on it is an incident."),
    .number(
      "quality.roundTrip", \.quality.roundTrip, 5...10_000,
      "Milliseconds of round trip to a participant from which on it is an incident."),
    .number(
      "quality.queue", \.quality.queue, 5...10_000,
      "Milliseconds that packets stand in queues from which on a way is congested."),
    .number(
      "quality.frameRate", \.quality.frameRate, 1...60,
      "Pictures a second below which a camera is too slow."),
    .number(
      "quality.silence", \.quality.silence, 3...600,
      "Seconds of digital silence from which on a participant is inaudible."),
    .number(
      "quality.outage", \.quality.outage, 2...60,
      "Seconds without a packet from which on a participant is out of reach."),
    .optionalText(
      "witness.url", \.witness.url,
      "an https URL, an http URL of this machine, syslog://HOST:PORT (UDP) or syslog+tcp://HOST:PORT",
      "Where signed checkpoints of the audit log are sent. Empty: nowhere.", where: isWitness),
    .number(
      "act.seconds", \.act.seconds, 1...3600,
      "Seconds of media between patient and physician that make an act complete."),
    .number(
      "retention.quality", \.retention.quality, 0...36_500,
      "Days after its end that scores and incidents of a consultation are kept. 0: for ever."),
    .number(
      "retention.personal", \.retention.personal, 0...36_500,
      "Days after its end that names and professional ids can be read. 0: for ever."),
    .number(
      "retention.records", \.retention.records, 0...36_500,
      "Days after its end that anything but the audit log is kept. 0: for ever."),
    .optionalText(
      "retention.key", \.retention.key, "at least 32 characters",
      "What personal data is encrypted with. Empty: a key made beside the database.",
      isSecret: true, where: { (32...1024).contains($0.utf8.count) }),
    .choice(
      "log.level", \.log.level,
      "How much is logged: trace, debug, info, notice, warning, error or critical."),
  ]

  private static func isHost(_ text: String) -> Bool {
    IPAddress(text: text) != nil
      || ((1...253).contains(text.utf8.count) && text.utf8.allSatisfy(isNameCharacter))
  }

  private static func isKeyName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(isNameCharacter)
  }

  /// Scheme, host and port and nothing else (RFC 6454 section 6.2).
  private static func isOrigin(_ text: String) -> Bool {
    let schemes = ["https://", "http://"]
    guard let scheme = schemes.first(where: text.hasPrefix) else { return false }
    var host = text.dropFirst(scheme.count)
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return false }
      let address = host[host.index(after: host.startIndex)..<end]
      guard IPAddress(text: address) != nil else { return false }
      host = "ipv6" + host[host.index(after: end)...]
    }
    let parts = host.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let name = parts.first, !name.isEmpty,
      name.utf8.allSatisfy(isNameCharacter)
    else { return false }
    return parts.count == 1 || UInt16(parts[1]).map { $0 > 0 } == true
  }

  /// Without TLS only where nobody is on the way.
  private static func isWitness(_ text: String) -> Bool {
    isWebhook(text) || SyslogSender(url: text) != nil
  }

  private static func isWebhook(_ text: String) -> Bool {
    guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      return false
    }
    let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[1].isEmpty, isOrigin(parts[0] + "//" + parts[2]) else {
      return false
    }
    if parts[0] == "https:" { return true }
    let host =
      parts[2].hasPrefix("[")
      ? parts[2].dropFirst().prefix { $0 != "]" } : parts[2].prefix { $0 != ":" }
    return SettingsCheck.isLoopback(String(host))
  }

  /// RFC 7065: scheme, host, port and transport.
  private static func isTURN(_ text: String) -> Bool {
    let schemes = ["turn:", "turns:"]
    guard let scheme = schemes.first(where: text.hasPrefix) else { return false }
    let rest = text.dropFirst(scheme.count).split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let host = rest.first, isOrigin("https://" + host) else { return false }
    return rest.count == 1 || ["transport=udp", "transport=tcp"].contains(rest[1])
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}

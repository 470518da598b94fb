import Foundation
import Testing

@testable import Visavis

@Suite("Settings")
struct LoadedSettingsTests {
  func load(
    _ yaml: String, _ environment: [String: String] = [:]
  ) throws(SettingProblems) -> LoadedSettings {
    try LoadedSettings(
      contents: SettingsFile(yaml: yaml, path: "v.yaml"), environment: environment)
  }

  func problems(_ yaml: String, _ environment: [String: String] = [:]) -> [String] {
    do {
      _ = try load(yaml, environment)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test(
    "are the defaults where nothing is given", arguments: ["", "---\n", "# nothing\n", "http:\n"])
  func defaults(yaml: String) throws {
    #expect(try load(yaml).settings == Settings())
    #expect(try load(yaml).origins.values.allSatisfy { $0 == .builtIn })
  }

  @Test("come from the file, and from the environment before it")
  func layers() throws {
    let yaml = """
      http:
        port: 9000
        allowedOrigins: [https://a.example, "https://b.example:8443"]
      media: {workers: 2, announcedAddresses: ["2001:db8::7", 203.0.113.7]}
      loadtest:
        enabled: true
      log: {level: debug}
      state: ""
      """
    let loaded = try load(
      yaml,
      [
        "VISAVIS_HTTP_PORT": "9001", "VISAVIS_MEDIA_ANNOUNCED_ADDRESSES": "198.51.100.1,::1",
        "VISAVIS_HTTP_PUBLIC_URL": "https://visavis.example.org", "HTTP_PORT": "1", "VISAVIS": "x",
        "VISAVIS_STATE": "/var/lib/visavis",
      ])
    var expected = Settings()
    expected.http.port = 9001
    expected.http.allowedOrigins = ["https://a.example", "https://b.example:8443"]
    expected.http.publicURL = "https://visavis.example.org"
    expected.media.workers = 2
    expected.media.announcedAddresses = ["198.51.100.1", "::1"]
    expected.loadtest.enabled = true
    expected.log.level = .debug
    expected.state = "/var/lib/visavis"
    #expect(loaded.settings == expected)
    #expect(loaded.origins["http.port"] == .environment("VISAVIS_HTTP_PORT"))
    #expect(loaded.origins["media.workers"] == .file("v.yaml", line: 4))
    #expect(loaded.warnings.isEmpty)
  }

  @Test("each can come from the environment under its name")
  func everyVariable() throws {
    for setting in Setting.all {
      var filled = Settings()
      let value =
        switch setting.key {
        case "http.host": "::1"
        case "http.publicURL": "http://localhost:1"
        case "http.allowedOrigins": "*"
        case "media.announcedAddresses": "::1"
        case "srtp.engine": "libsrtp2"
        case "log.level": "error"
        case "files.types": "png"
        case "api.secret", "turn.secret", "retention.key": String(repeating: "s", count: 32)
        case "webhooks.url", "witness.url": "https://hospital.example.org/visavis"
        case "webhooks.secret": "whsec_" + String(repeating: "A", count: 32)
        case "bridges.networks": "10.20.0.0/16"
        case "bridges.address": "10.20.0.1"
        case "turn.urls": "turn:turn.example.org"
        case "turn.lifetime", "admission.joinsPerAddress", "recordings.kept": "700"
        case _ where setting.texts(Settings()) == ["true"]: "false"
        case _ where setting.texts(Settings()) == ["false"]: "true"
        default: "7"
        }
      #expect(setting.apply([value], &filled), "\(setting.key)")
      #expect(filled != Settings(), "\(setting.key)")
      // What must come in pairs is given in pairs.
      var environment = [setting.environmentName: value]
      for (a, b) in [
        ("HTTP_TLS_KEY", "HTTP_TLS_CERTIFICATE"), ("API_KEY", "API_SECRET"),
        ("TURN_URLS", "TURN_SECRET"), ("API_JWKS", "API_ISSUER"),
        ("WEBHOOKS_URL", "WEBHOOKS_SECRET"),
      ] {
        if setting.environmentName == "VISAVIS_" + a {
          environment["VISAVIS_" + b] =
            b == "WEBHOOKS_SECRET"
            ? "whsec_" + String(repeating: "A", count: 32) : String(repeating: "x", count: 40)
        }
        if setting.environmentName == "VISAVIS_" + b {
          environment["VISAVIS_" + a] =
            ["TURN_URLS": "turn:a", "WEBHOOKS_URL": "https://a"][a] ?? "x"
        }
      }
      let loaded = try load("", environment)
      #expect(setting.texts(loaded.settings) == setting.texts(filled), "\(setting.key)")
    }
  }

  @Test("that do not exist are refused with their line and the nearest that does")
  func unknownKeys() {
    let yaml = """
      http:
        prot: 9000
        tsl:
          certificate: a
      medai:
        port: 1
      media:
        prot: 1
      colour: blue
      """
    #expect(
      problems(yaml) == [
        "v.yaml:2: http.prot is not a setting; did you mean http.port?",
        "v.yaml:3: http.tsl is not a setting; did you mean http.tls?",
        "v.yaml:5: medai is not a setting; did you mean media?",
        "v.yaml:8: media.prot is not a setting; did you mean media.port?",
        "v.yaml:9: colour is not a setting",
      ])
  }

  @Test(
    "of the wrong kind are refused with what would be right",
    arguments: [
      (
        "http: {port: abc}",
        "v.yaml:1: http.port is \"abc\"; it must be a whole number from 0 to 65535"
      ),
      (
        "http: {port: 65536}",
        "v.yaml:1: http.port is \"65536\"; it must be a whole number from 0 to 65535"
      ),
      (
        "http: {port: [1]}",
        "v.yaml:1: http.port is of the wrong shape; it must be a whole number from 0 to 65535"
      ),
      (
        "http:\n  port: {a: 1}",
        "v.yaml:2: http.port is of the wrong shape; it must be a whole number from 0 to 65535"
      ),
      ("http: 5", "v.yaml:1: http must hold settings, each as `name: value`"),
      ("- a", "v.yaml:1: the file must hold settings, each as `name: value`"),
      (
        "loadtest: {enabled: maybe}",
        "v.yaml:1: loadtest.enabled is \"maybe\"; it must be true or false"
      ),
      (
        "media:\n  announcedAddresses: [10.0.0.256]",
        "v.yaml:2: media.announcedAddresses is \"10.0.0.256\"; it must be a list of IP addresses, as [203.0.113.7, \"2001:db8::7\"]"
      ),
      (
        "media:\n  announcedAddresses: 10.0.0.2",
        "v.yaml:2: media.announcedAddresses is of the wrong shape; it must be a list of IP addresses, as [203.0.113.7, \"2001:db8::7\"]"
      ),
      (
        "log: {level: loud}",
        "v.yaml:1: log.level is \"loud\"; it must be one of trace, debug, info, notice, warning, error, critical"
      ),
      (
        "bridges: {address: gateway}",
        "v.yaml:1: bridges.address is \"gateway\"; it must be an IP address of this machine"
      ),
      ("api: {key: k, secret: short}", "v.yaml:1: api.secret must be at least 32 characters"),
    ])
  func wrongValues(yaml: String, message: String) {
    #expect(problems(yaml).first == message)
  }

  @Test("a wrong variable is named")
  func wrongVariable() {
    #expect(
      problems("", ["VISAVIS_MEDIA_PORT": "many"]) == [
        "VISAVIS_MEDIA_PORT: media.port is \"many\"; it must be a whole number from 0 to 65535"
      ])
  }

  @Test("an unknown variable is a warning, with the nearest that exists")
  func unknownVariable() throws {
    let loaded = try load("", ["VISAVIS_HTTP_PROT": "1", "VISAVIS_SOMETHING_ELSE_ENTIRELY": "1"])
    #expect(
      loaded.warnings.map(\.description) == [
        "VISAVIS_HTTP_PROT: is not a setting, ignored; did you mean VISAVIS_HTTP_PORT?",
        "VISAVIS_SOMETHING_ELSE_ENTIRELY: is not a setting, ignored",
      ])
  }

  @Test("all that is wrong is told at once")
  func together() {
    #expect(problems("http: {port: x, hots: y}\nmedia: {workers: -1}").count == 3)
  }

  @Test(
    "a file that is no YAML is refused with the line",
    arguments: [
      "http:\n  port: [1", "a: b: c", "http: {port: 1}\nhttp: {port: 2}", "\tx: 1",
    ])
  func noYAML(yaml: String) throws {
    let first = try #require(problems(yaml).first)
    #expect(first.hasPrefix("v.yaml:"), "\(first)")
  }

  @Test("a secret is never repeated")
  func secrets() {
    let found = problems("api: {key: k, secret: canary}").joined()
    #expect(!found.contains("canary"))
  }

  @Test("plain HTTP beyond loopback is refused, unless a proxy is said to do TLS")
  func exposure() throws {
    for host in ["0.0.0.0", "::", "192.0.2.1", "visavis.example.org"] {
      let found = problems("http: {host: \"\(host)\"}")
      #expect(found.count == 1 && found[0].contains("http.allowPlaintext"), "\(host)")
      #expect(problems("http: {host: \"\(host)\", allowPlaintext: true}").isEmpty)
      #expect(problems("http: {host: \"\(host)\", tls: {certificate: a, key: b}}").isEmpty)
    }
    for host in ["127.0.0.1", "::1", "localhost", "127.1.2.3"] {
      #expect(problems("http: {host: \"\(host)\"}").isEmpty)
    }
  }

  @Test("what belongs together is asked for together")
  func pairs() {
    #expect(problems("http: {tls: {certificate: a}}").first?.contains("http.tls.key") == true)
    #expect(problems("http: {tls: {key: a}}").first?.contains("http.tls.certificate") == true)
    #expect(problems("api: {key: a}").first?.contains("api.secret") == true)
    let secret = String(repeating: "s", count: 32)
    #expect(problems("api: {secret: \(secret)}").first?.contains("api.key") == true)
    #expect(problems("media: {port: 65530, workers: 8}").count == 1)
  }

  @Test(
    "a public URL is an origin and nothing more",
    arguments: [
      ("https://visavis.example.org", true), ("http://localhost:8080", true),
      ("https://[2001:db8::1]:8443", true), ("https://a/", false), ("https://a/b", false),
      ("ftp://a", false), ("https://", false), ("https://a:0", false), ("https://a:70000", false),
      ("https://a b", false), ("https://u@a", false), ("https://[zz]", false),
    ])
  func publicURL(text: String, isValid: Bool) {
    #expect(problems("http: {publicURL: \"\(text)\"}").isEmpty == isValid)
  }

  @Test("a file that cannot be read is named")
  func noFile() {
    #expect {
      _ = try LoadedSettings(file: "/no/such/visavis.yaml", environment: [:])
    } throws: {
      "\($0)".hasPrefix("/no/such/visavis.yaml cannot be read")
    }
  }

  @Test("of TURN: URLs and secret together, and URLs as RFC 7065 writes them")
  func turn() throws {
    let yaml = """
      turn:
        urls: ["turn:turn.example.org?transport=udp", "turns:[2001:db8::1]:443?transport=tcp"]
        secret: 0123456789abcdef
      """
    let settings = try load(yaml).settings
    #expect(settings.turn.urls.count == 2)
    #expect(settings.turn.lifetime == 86_400)
    for wrong in ["turn.example.org", "turn://turn.example.org", "turn:a?transport=sctp", "stun:a"]
    {
      let problems = problems("turn: {urls: [\"\(wrong)\"], secret: 0123456789abcdef}")
      #expect(problems.contains { $0.contains("turn.urls is") }, "\(wrong)")
    }
    #expect(problems("turn: {urls: [\"turn:a.example\"]}").count == 1)
    #expect(problems("turn: {secret: 0123456789abcdef}").count == 1)
    #expect(problems("turn: {urls: [\"turn:a.example\"], secret: short}").count >= 1)
  }

  @Test("of HTTP and of media by TCP do not take the same port")
  func portClash() throws {
    #expect(problems("http: {port: 5001}\nmedia: {workers: 2}").count == 1)
    #expect(problems("http: {port: 5002}\nmedia: {workers: 2}").isEmpty)
    #expect(problems("http: {port: 5001}\nmedia: {workers: 2, tcp: false}").isEmpty)
    #expect(problems("http: {port: 5001}\nmedia: {port: 0, workers: 2}").isEmpty)
  }
}

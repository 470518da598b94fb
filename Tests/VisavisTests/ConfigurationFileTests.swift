import Foundation
import Testing

@testable import Visavis

@Suite("The files about configuration")
struct ConfigurationFileTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test("Config/visavis.yaml holds every setting, with its comment, at its default")
  func example() throws {
    let path = Self.root.appendingPathComponent("Config/visavis.yaml").path
    let yaml = try String(contentsOfFile: path, encoding: .utf8)
    #expect(yaml == Settings().yaml, "make it with: visavis config defaults > Config/visavis.yaml")
    let file = SettingsFile(yaml: yaml, path: path)
    #expect(Set(file.values.keys) == Set(Setting.all.map(\.key)))
    #expect(try LoadedSettings(contents: file, environment: [:]).settings == Settings())
    #expect(yaml.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test("Docs/Configuration.md names every setting and its variable")
  func documentation() throws {
    let url = Self.root.appendingPathComponent("Docs/Configuration.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    for setting in Setting.all {
      #expect(text.contains("`\(setting.key)`"), "\(setting.key)")
      #expect(text.contains("`\(setting.environmentName)`"), "\(setting.environmentName)")
    }
  }

  @Test("settings written as YAML are read back the same, whatever they hold")
  func roundTrip() throws {
    var settings = Settings()
    settings.http.host = "::1"
    settings.http.allowedOrigins = ["*", "https://a.example:1"]
    settings.media.announcedAddresses = ["2001:db8::7"]
    settings.state = "/a \"b\" \\ #c\u{1}é"
    settings.api.key = "-"
    settings.api.secret = "- {not: yaml} & *at !all " + String(repeating: "x", count: 20)
    settings.http.tls.certificate = "~"
    settings.http.tls.key = "null"
    let file = SettingsFile(yaml: settings.yaml, path: "v.yaml")
    #expect(try LoadedSettings(contents: file, environment: [:]).settings == settings)
  }
}

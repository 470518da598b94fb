import Foundation

/// The descriptions that real clients made, by file name.
enum SDPFixtures {
  static let all: [String: String] = {
    let folder = Bundle.module.bundleURL.appendingPathComponent("Fixtures/sdp")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.filter { $0.hasSuffix(".sdp") }.compactMap { name in
        (try? Data(contentsOf: folder.appendingPathComponent(name))).map {
          (name, String(decoding: $0, as: UTF8.self))
        }
      })
  }()

  static let names = all.keys.sorted()

  static func text(_ name: String) -> String { all[name] ?? "" }
}

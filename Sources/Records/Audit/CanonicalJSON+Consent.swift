internal import Consultation
internal import Crypto
internal import Foundation

extension CanonicalJSON {
  /// Which words a consultation asks with: their hash, SHA-256 in base64, says whether the kept ones are
  /// the same.
  init(_ text: ConsentText) {
    var hashes: [String: CanonicalJSON] = [:]
    for wording in text.wordings {
      let hash = Data(SHA256.hash(data: Data(wording.text.utf8)))
      hashes[wording.language] = .string(hash.base64EncodedString())
    }
    self = .object([
      "purpose": .string(text.purpose.rawValue), "version": .string(text.version),
      "sha256": .object(hashes),
    ])
  }
}

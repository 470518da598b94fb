internal import Consultation
internal import Crypto
internal import Foundation
internal import GRDB

/// Encrypts what tells who somebody is: AES-256-GCM under one key a consultation, which is itself kept
/// wrapped under the `RecordKey`. Without the row of `consultationKey` nothing brings it back.
struct ConsultationKeys {
  let master: RecordKey

  /// The key of a consultation; a new one where there is none.
  private func key(of consultation: Int64, _ db: Database) throws -> SymmetricKey {
    if let known = try knownKey(of: consultation, db) { return known }
    let made = SymmetricKey(size: .bits256)
    let wrapped = try AES.GCM.seal(
      made.withUnsafeBytes { Data($0) }, using: master.key,
      authenticating: Self.context(consultation)
    ).combined
    try db.execute(
      sql: "INSERT INTO consultationKey (consultation, wrapped) VALUES (?, ?)",
      arguments: [consultation, wrapped])
    return made
  }

  /// `nil`: nothing personal was kept, or it was erased.
  private func knownKey(of consultation: Int64, _ db: Database) throws -> SymmetricKey? {
    let wrapped = try Data.fetchOne(
      db, sql: "SELECT wrapped FROM consultationKey WHERE consultation = ?",
      arguments: [consultation])
    guard let wrapped else { return nil }
    do {
      return SymmetricKey(
        data: try AES.GCM.open(
          AES.GCM.SealedBox(combined: wrapped), using: master.key,
          authenticating: Self.context(consultation)))
    } catch {
      throw UnreadableRow(
        description: "the key of the records is another than the one that they were written with")
    }
  }

  /// `nil` of nothing.
  func seal(
    _ data: PersonalData, of participant: String, in consultation: Int64, _ db: Database
  ) throws -> Data? {
    guard !data.isEmpty else { return nil }
    let text = try JSONEncoder().encode(data)
    return try AES.GCM.seal(
      text, using: key(of: consultation, db),
      authenticating: Self.context(consultation, participant)
    ).combined
  }

  /// For the content of shared files: another key than that of names, and gone with it.
  /// - Parameter mayMake: whether a consultation without a key gets one.
  func fileKey(of consultation: Int64, mayMake: Bool, _ db: Database) throws -> [UInt8]? {
    let known = try mayMake ? key(of: consultation, db) : knownKey(of: consultation, db)
    guard let known else { return nil }
    return HKDF<SHA256>.deriveKey(
      inputKeyMaterial: known, info: Data("files".utf8), outputByteCount: 32
    ).withUnsafeBytes { Array($0) }
  }

  /// Opens what was sealed of one consultation.
  func opener(
    of consultation: Int64, _ db: Database
  ) throws -> (_ sealed: Data?, _ participant: String) throws -> PersonalData {
    let key = try knownKey(of: consultation, db)
    return { sealed, participant in
      guard let sealed, let key else { return PersonalData(name: nil, professional: nil) }
      let text = try AES.GCM.open(
        AES.GCM.SealedBox(combined: sealed), using: key,
        authenticating: Self.context(consultation, participant))
      return try JSONDecoder().decode(PersonalData.self, from: text)
    }
  }

  /// Whether the master key is the one that the keys were wrapped with, by one of them.
  func check(_ db: Database) throws {
    let any = try Int64.fetchOne(db, sql: "SELECT consultation FROM consultationKey LIMIT 1")
    if let any { _ = try knownKey(of: any, db) }
  }

  /// What earlier versions kept as it was. Returns whether there was any.
  func sealWhatIsPlain(_ db: Database) throws -> Bool {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT number, consultation, participant, name, professional FROM presence
        WHERE name IS NOT NULL OR professional IS NOT NULL
        """)
    for row in rows {
      let sealed = try seal(
        PersonalData(name: row["name"], professional: row["professional"]),
        of: row["participant"], in: row["consultation"], db)
      try db.execute(
        sql: "UPDATE presence SET sealed = ?, name = NULL, professional = NULL WHERE number = ?",
        arguments: [sealed, row["number"] as Int64])
    }
    return !rows.isEmpty
  }

  /// A value stands in its own row alone: nothing can be moved to somebody else.
  private static func context(_ consultation: Int64, _ participant: String = "") -> Data {
    Data("\(consultation) \(participant)".utf8)
  }
}

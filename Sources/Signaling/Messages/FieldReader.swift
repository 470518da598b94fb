/// Reads the fields of one JSON object; every refusal names the field by its path and says what
/// belongs there.
struct FieldReader {
  private let container: KeyedDecodingContainer<Name>
  private let prefix: String

  /// - Throws: `SignalingError` `badJSON` when the value is not an object.
  init(_ decoder: any Decoder) throws {
    do {
      container = try decoder.container(keyedBy: Name.self)
    } catch {
      throw SignalingError(.badJSON, "this is not a JSON object, as {\"name\": \"value\"}")
    }
    prefix = ""
  }

  private init(_ container: KeyedDecodingContainer<Name>, prefix: String) {
    self.container = container
    self.prefix = prefix
  }

  func path(_ name: String) -> String { prefix + name }

  func text(_ name: String, limit: Int, _ meaning: String) throws -> String {
    guard let value = try optionalText(name, limit: limit, meaning) else {
      throw missing(name, meaning)
    }
    return value
  }

  /// `null` counts as absent.
  func optionalText(_ name: String, limit: Int, _ meaning: String) throws -> String? {
    let value = try read(name, "text", meaning) {
      try container.decodeIfPresent(String.self, forKey: $0)
    }
    guard let value else { return nil }
    guard value.utf8.count <= limit else {
      throw SignalingError(
        .tooLarge, "field `\(path(name))` is longer than \(limit) octets: \(meaning)")
    }
    return value
  }

  func integer(_ name: String, _ meaning: String) throws -> Int {
    guard let value = try optionalInteger(name, meaning) else { throw missing(name, meaning) }
    return value
  }

  func optionalInteger(_ name: String, _ meaning: String) throws -> Int? {
    try read(name, "an integer", meaning) { try container.decodeIfPresent(Int.self, forKey: $0) }
  }

  func optionalDouble(_ name: String, _ meaning: String) throws -> Double? {
    try read(name, "a number", meaning) {
      try container.decodeIfPresent(Double.self, forKey: $0)
    }
  }

  func boolean(_ name: String, _ meaning: String) throws -> Bool {
    guard let value = try optionalBoolean(name, meaning) else { throw missing(name, meaning) }
    return value
  }

  func optionalBoolean(_ name: String, _ meaning: String) throws -> Bool? {
    try read(name, "a boolean", meaning) { try container.decodeIfPresent(Bool.self, forKey: $0) }
  }

  func optionalObject(_ name: String, _ meaning: String) throws -> FieldReader? {
    try read(name, "an object", meaning) { key in
      guard container.contains(key), try !container.decodeNil(forKey: key) else { return nil }
      return FieldReader(
        try container.nestedContainer(keyedBy: Name.self, forKey: key), prefix: path(name) + ".")
    }
  }

  /// `null` counts as absent.
  func optionalObjects(
    _ name: String, limit: Int, _ meaning: String
  ) throws -> [FieldReader]? {
    let isAbsent = try read(name, "a list of objects", meaning) { key in
      try !container.contains(key) || container.decodeNil(forKey: key)
    }
    return isAbsent ? nil : try objects(name, limit: limit, meaning)
  }

  func objects(_ name: String, limit: Int, _ meaning: String) throws -> [FieldReader] {
    guard container.contains(Name(name)) else { throw missing(name, meaning) }
    return try read(name, "a list of objects", meaning) { key in
      var list = try container.nestedUnkeyedContainer(forKey: key)
      var readers: [FieldReader] = []
      while !list.isAtEnd {
        guard readers.count < limit else {
          throw SignalingError(
            .tooLarge, "field `\(path(name))` has more than \(limit) entries: \(meaning)")
        }
        readers.append(
          FieldReader(
            try list.nestedContainer(keyedBy: Name.self),
            prefix: "\(path(name))[\(readers.count)]."))
      }
      return readers
    }
  }

  /// What the decoder throws (not always a `DecodingError`) becomes a sentence about the field.
  private func read<Value>(
    _ name: String, _ type: String, _ meaning: String, _ body: (Name) throws -> Value
  ) throws -> Value {
    do {
      return try body(Name(name))
    } catch let error as SignalingError {
      throw error
    } catch {
      throw SignalingError(.badField, "field `\(path(name))` is not \(type): \(meaning)")
    }
  }

  private func missing(_ name: String, _ meaning: String) -> SignalingError {
    SignalingError(.badField, "field `\(path(name))` is missing: \(meaning)")
  }

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

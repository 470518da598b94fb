/// What the media thread has to do at some time, in 12 octets: there are thousands of them.
struct Due: BitwiseCopyable {
  enum Kind: UInt8 {
    case frame, pacer, check, handshake, reports, feedback, nack, second, release
    case rate, probe, address
  }

  let kind: Kind
  private let sourceNumber: UInt8
  private let place: Int32
  private let age: Int32

  private init(_ kind: Kind, slot: Int = 0, generation: Int = 0, source: Int = 0) {
    self.kind = kind
    sourceNumber = UInt8(truncatingIfNeeded: source)
    place = Int32(truncatingIfNeeded: slot)
    age = Int32(truncatingIfNeeded: generation)
  }

  /// Of whom; of `release` the number of what is held back.
  var slot: Int { Int(place) }
  var generation: Int { Int(age) }
  var source: Int { Int(sourceNumber) }

  static func frame(slot: Int, generation: Int, source: Int) -> Due {
    Due(.frame, slot: slot, generation: generation, source: source)
  }
  static func pacer(slot: Int, generation: Int, source: Int) -> Due {
    Due(.pacer, slot: slot, generation: generation, source: source)
  }
  static func check(slot: Int, generation: Int) -> Due {
    Due(.check, slot: slot, generation: generation)
  }
  static func handshake(slot: Int, generation: Int) -> Due {
    Due(.handshake, slot: slot, generation: generation)
  }
  static func reports(slot: Int, generation: Int) -> Due {
    Due(.reports, slot: slot, generation: generation)
  }
  static func feedback(slot: Int, generation: Int) -> Due {
    Due(.feedback, slot: slot, generation: generation)
  }
  static func nack(slot: Int, generation: Int) -> Due {
    Due(.nack, slot: slot, generation: generation)
  }
  static func rate(slot: Int, generation: Int) -> Due {
    Due(.rate, slot: slot, generation: generation)
  }
  static func probe(slot: Int, generation: Int, source: Int) -> Due {
    Due(.probe, slot: slot, generation: generation, source: source)
  }
  static func address(slot: Int, generation: Int) -> Due {
    Due(.address, slot: slot, generation: generation)
  }
  static let second = Due(.second)
  static func release(_ number: Int) -> Due { Due(.release, slot: number) }
}

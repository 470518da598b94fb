import Consultation
import Foundation
import Records
import Testing

/// A folder of its own for one test, gone afterwards.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("visavis-records-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

func consultationID(_ text: String) throws -> ConsultationID {
  try #require(ConsultationID(rawValue: text))
}

func participantID(_ text: String) throws -> ParticipantID {
  try #require(ParticipantID(rawValue: text))
}

func moment(_ milliseconds: Int64) -> WallClock { WallClock(milliseconds: milliseconds) }

/// A new consultation, in the store and as a room.
func opened(
  _ id: String, at now: Int64 = 0, in store: some ConsultationRecordStore
) async throws -> Room {
  let record = ConsultationRecord(
    id: try consultationID(id), kind: .direct, createdAt: moment(now))
  try await store.open(record)
  return Room(record, participantLimit: 6)
}

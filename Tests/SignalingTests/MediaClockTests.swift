import Consultation
import Testing
import Wire

@testable import Signaling

@Suite("For how long media passes between patient and physician")
struct MediaClockTests {
  typealias Flow = MediaClock.Flow

  private static let heard = Flow(from: .patient, to: .physician, sound: true)
  private static let seen = Flow(from: .patient, to: .physician, picture: true)
  private static let hears = Flow(from: .physician, to: .patient, sound: true)
  private static let sees = Flow(from: .physician, to: .patient, picture: true)
  private static let assists = Flow(from: .assistant, to: .physician, sound: true)
  private static let silent = Flow(from: .physician, to: .patient)

  struct Row: Sendable {
    var flows: [Flow]
    var media: Bool
    var video: Bool
    var kind = ConsultationKind.direct
  }

  static let rows: [Row] = [
    Row(flows: [], media: false, video: false),
    Row(flows: [heard], media: false, video: false),
    Row(flows: [heard, seen], media: false, video: false),
    Row(flows: [heard, silent], media: false, video: false),
    Row(flows: [heard, hears], media: true, video: false),
    Row(flows: [seen, hears], media: true, video: false),
    Row(flows: [heard, sees], media: true, video: false),
    Row(flows: [seen, sees], media: true, video: true),
    Row(flows: [heard, seen, hears, sees], media: true, video: true),
    // A third participant is no party to the act.
    Row(
      flows: [
        heard, Flow(from: .relative, to: .patient, sound: true, picture: true),
        Flow(from: .expert, to: .physician, sound: true, picture: true),
      ], media: false, video: false),
    Row(
      flows: [
        Flow(from: .physician, to: .physician, sound: true),
        Flow(from: .patient, to: .patient, sound: true),
      ], media: false, video: false),
    // With somebody beside the patient: who has to be there, and speaks for that side as well.
    Row(flows: [seen, sees], media: false, video: false, kind: .assisted),
    Row(flows: [seen, sees, assists], media: true, video: true, kind: .assisted),
    Row(
      flows: [assists, Flow(from: .physician, to: .assistant, sound: true)], media: true,
      video: false, kind: .assisted),
    // Between two professionals: a patient's media would be none of it.
    Row(flows: [seen, sees], media: false, video: false, kind: .teleExpertise),
    Row(
      flows: [
        Flow(from: .physician, to: .expert, sound: true),
        Flow(from: .expert, to: .physician, sound: true, picture: true),
      ], media: true, video: false, kind: .teleExpertise),
    // Somebody calls for the patient.
    Row(
      flows: [
        Flow(from: .relative, to: .physician, sound: true, picture: true),
        Flow(from: .physician, to: .relative, sound: true, picture: true),
      ], media: true, video: true, kind: .onCall),
    Row(flows: [heard, hears], media: true, video: false, kind: .onCall),
  ]

  @Test("both must get something of the other; pictures count when both have them", arguments: rows)
  func passes(row: Row) {
    let found = MediaClock.passes(row.flows, row.kind)
    #expect(found.media == row.media && found.video == row.video)
  }

  @Test("only time in which it passes counts, and a late look counts for little")
  func clock() {
    var clock = MediaClock(.direct)
    clock.note([Self.heard, Self.hears], .seconds(1))
    clock.note([Self.heard], .seconds(1))
    clock.note([Self.seen, Self.sees], .milliseconds(1500))
    #expect(clock.time == MediaTime(media: 2, video: 1))
    clock.note([Self.seen, Self.sees], .seconds(100))
    #expect(clock.time == MediaTime(media: 5, video: 4))
    clock.note([Self.seen, Self.sees], .seconds(-9))
    #expect(clock.time == MediaTime(media: 5, video: 4))
  }
}

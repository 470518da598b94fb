import Consultation
import Testing

@Suite("Identifiers and names")
struct IdentifierTests {
  @Test("of 1 to 64 safe characters are taken", arguments: ["a", "A_z-0.9", "bench-1"])
  func taken(text: String) {
    #expect(ConsultationID(rawValue: text)?.rawValue == text)
    #expect(ParticipantID(rawValue: text)?.rawValue == text)
  }

  @Test(
    "of any other form are refused",
    arguments: [
      "", "a b", "é", "a/b", "../x\u{0}", "a\n", "%41", String(repeating: "a", count: 65),
    ])
  func refused(text: String) {
    #expect(ConsultationID(rawValue: text) == nil)
    #expect(ParticipantID(rawValue: text) == nil)
  }

  @Test("made at random are valid, different, and the same for the same seed")
  func random() {
    var generator = SplitMix(state: 1)
    var again = SplitMix(state: 1)
    var seen: Set<String> = []
    for _ in 0..<1000 {
      let id = ParticipantID.random(using: &generator)
      #expect(ParticipantID(rawValue: id.rawValue) == id)
      #expect(id == ParticipantID.random(using: &again))
      seen.insert(id.rawValue)
    }
    #expect(seen.count == 1000)
    let consultation = ConsultationID.random(using: &generator)
    #expect(consultation.rawValue.hasPrefix("c_") && consultation.rawValue.count == 18)
  }

  @Test("mark load tests by their prefix alone")
  func loadTest() {
    #expect(ConsultationID(rawValue: "bench-7")?.isLoadTest == true)
    #expect(ConsultationID(rawValue: "Bench-7")?.isLoadTest == false)
    #expect(ConsultationID(rawValue: "xbench-7")?.isLoadTest == false)
  }

  @Test(
    "Names keep letters of every script and lose outer white space",
    arguments: [
      ("  Zoé  Müller ", "Zoé  Müller"), ("محمد", "محمد"), ("O’Brien 👩🏽‍⚕️", "O’Brien 👩🏽‍⚕️"),
      ("李小龍", "李小龍"),
    ])
  func names(given: String, kept: String) {
    #expect(DisplayName(rawValue: given)?.rawValue == kept)
  }

  @Test(
    "Names that could disguise another or break a line are refused",
    arguments: [
      "", " \t ", "a\nb", "a\u{0}b", "a\u{202E}b", "a\u{2066}b", "a\u{2028}b", "\u{FEFF}a",
      String(repeating: "x", count: 65), "a" + String(repeating: "\u{301}", count: 300),
    ])
  func disguises(text: String) {
    #expect(DisplayName(rawValue: text) == nil)
  }
}

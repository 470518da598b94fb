import Testing
import Wire

@testable import Quality

struct FaultWordsTests {
  private func incident(
    _ side: FaultSide, _ cause: IncidentCause, _ worst: Double = 0.082
  ) -> Incident {
    Incident(
      side: side, cause: cause, severity: .major, began: MediaInstant(nanoseconds: 0), worst: worst)
  }

  @Test("Place and evidence are told in English and in French, with each language's signs")
  func twoLanguages() {
    let loss = incident(.senderUplink, .loss)
    #expect(FaultLocator.words(loss, of: "patient") == "patient's uplink: 8.2 % loss")
    #expect(
      FaultLocator.words(loss, of: "patient", in: .french)
        == "patient, voie montante\u{a0}: 8,2\u{a0}% de pertes")
    let whole = incident(.receiverDownlink, .loss, 0.08)
    #expect(FaultLocator.words(whole, of: "physician") == "physician's downlink: 8 % loss")
    #expect(
      FaultLocator.words(whole, of: "médecin", in: .french)
        == "médecin, voie descendante\u{a0}: 8\u{a0}% de pertes")
    #expect(incident(.senderUplink, .loss, 0.996).evidence(in: .english) == "100 % loss")
    #expect(incident(.senderUplink, .loss, 7).evidence(in: .english) == "100 % loss")
  }

  @Test("Every side and cause has its own words in each language")
  func every() {
    for language in FaultLanguage.allCases {
      var places: Set<String> = []
      for side in FaultSide.allCases {
        places.insert(FaultLocator.words(incident(side, .loss), of: "x", in: language))
      }
      // A device is told as one, whichever way it fails.
      #expect(places.count == FaultSide.allCases.count - 1)
      let causes = Set(
        IncidentCause.allCases.map { incident(.node, $0).evidence(in: language) })
      #expect(causes.count == IncidentCause.allCases.count)
    }
    for cause in IncidentCause.allCases {
      let one = incident(.node, cause)
      #expect(one.evidence(in: .english) != one.evidence(in: .french))
    }
  }
}

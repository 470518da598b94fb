internal import Consultation

/// What a consultation asks, as REST shows it.
struct ConsentTextView: Encodable, Equatable {
  var purpose: String
  var version: String
  var texts: [ConsentWording]?

  init(_ text: ConsentText, withWords: Bool) {
    purpose = text.purpose.rawValue
    version = text.version
    guard withWords else { return }
    texts = text.wordings.map { ConsentWording(language: $0.language, text: $0.text) }
  }
}

/// One decision.
struct ConsentDecisionView: Encodable, Equatable {
  var participant: String
  var purpose: String
  var about: String?
  var decision: String
  var version: String
  var language: String
  var at: String

  init(_ record: ConsentRecord) {
    let entry = record.entry
    participant = entry.question.participant.rawValue
    purpose = entry.question.purpose.rawValue
    about = entry.question.about?.rawValue
    decision = entry.decision.rawValue
    version = entry.version
    language = entry.language
    at = record.at.description
  }
}

struct ConsentsView: Encodable, Equatable {
  var required: [ConsentTextView]
  /// Oldest first.
  var decisions: [ConsentDecisionView]
}

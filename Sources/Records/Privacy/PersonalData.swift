internal import Consultation
internal import Foundation

/// What tells who somebody is: kept encrypted under the key of the consultation.
struct PersonalData: Codable, Equatable {
  var name: String?
  /// What the issuer of the token calls a professional.
  var professional: String?

  init(name: String?, professional: String?) {
    self.name = name
    self.professional = professional
  }

  init(_ participant: Participant) {
    self.init(name: participant.name?.rawValue, professional: participant.claims.professional)
  }

  var isEmpty: Bool { name == nil && professional == nil }
}

internal import Consultation
internal import Signaling

/// One consultation to look at, and a link for each who takes part.
struct Demonstration {
  static let lifetimeSeconds: Int64 = 7 * 86_400

  let consultation: ConsultationID
  let store: any ConsultationRecordStore
  let authority: AccessTokenAuthority
  /// What links begin with.
  let url: String

  /// The one of an earlier start, if it has not ended, else a new one.
  init(
    store: any ConsultationRecordStore, authority: AccessTokenAuthority, url: String,
    at now: WallClock
  ) async throws {
    self.store = store
    self.authority = authority
    self.url = url
    let known = try await store.consultations(state: .open, limit: 1000)
    if let earlier = known.first(where: { $0.id.rawValue.hasPrefix("demonstration-") }) {
      consultation = earlier.id
    } else {
      let name = "demonstration-\(now.milliseconds / 1000)"
      guard let id = ConsultationID(rawValue: name) else { throw CommandFailure("no id: \(name)") }
      consultation = id
      try await store.open(ConsultationRecord(id: id, kind: .direct, createdAt: now))
    }
  }

  /// What the operator sees, one line a link.
  func announcement(at now: WallClock) async throws -> String {
    let patient = try await token(.patient, consultation, now)
    let physician = try await token(.physician, consultation, now)
    let ops = try await token(.ops, nil, now)
    return """

      A demonstration consultation (links are good for a week):
        patient    \(url)/join#\(patient)
        physician  \(url)/join#\(physician)
        ops        \(url)/ops#\(ops)
      Open the first two in two browser windows.

      """
  }

  private func token(
    _ role: ParticipantRole, _ consultation: ConsultationID?, _ now: WallClock
  ) async throws -> String {
    try await authority.mint(
      AccessToken(
        role: role, consultation: consultation,
        identifier: "demonstration-\(role.rawValue)-\(now.milliseconds)",
        expires: now.advanced(bySeconds: Self.lifetimeSeconds)),
      issuedAt: now)
  }
}

internal import Consultation
internal import HTTPTypes
internal import Wire

extension HTTPServices {
  /// The program that books, and whoever may take others out of this consultation.
  func mayRead(_ token: AccessToken) -> Bool {
    token.role.allows(.readConsultation)
      || (token.consultation != nil && token.role.allows(.removeOthers))
  }

  /// Writes that a record is read, before it is shown.
  func noteReading(
    _ call: HTTPCall, _ token: AccessToken, _ consultation: ConsultationID?, _ category: String
  ) async throws(HTTPFailure) {
    let given = call.query["purpose"]
    guard given.map(Self.isPurpose) ?? true else {
      throw HTTPFailure(
        .badRequest, "bad-field",
        "the parameter `purpose` is a code of HL7 v3 PurposeOfUse, as TREAT")
    }
    let reading = RecordReading(
      role: token.role, reader: token.reader, consultation: consultation, category: category,
      origin: call.client.map(Self.network),
      purpose: given ?? (token.role == .physician ? "TREAT" : "HOPERAT"))
    do throws(RecordStoreError) {
      try await environment.store.note(reading, at: environment.clock.wall())
    } catch {
      throw .storage(error, environment)
    }
  }

  private static func isPurpose(_ text: String) -> Bool {
    (1...16).contains(text.utf8.count)
      && text.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
  }

  /// Of IPv4 the first 24 bits, of IPv6 the first 48.
  private static func network(_ address: IPAddress) -> String {
    address.isIPv4
      ? "\(IPAddress(v4: address.v4 & 0xFFFF_FF00))/24"
      : "\(IPAddress(high: address.high & 0xFFFF_FFFF_FFFF_0000, low: 0))/48"
  }
}

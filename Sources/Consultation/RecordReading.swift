/// That somebody read a record: an entry of the audit log.
public struct RecordReading: Hashable, Sendable {
  public let role: ParticipantRole
  /// Whose token it was.
  public let reader: BearerMark
  /// `nil`: of many consultations.
  public let consultation: ConsultationID?
  /// What was read, as `participants`.
  public let category: String
  /// The network it was read from: an address without its last part.
  public let origin: String?
  /// A code of HL7 v3 PurposeOfUse, as `TREAT`.
  public let purpose: String

  public init(
    role: ParticipantRole, reader: BearerMark, consultation: ConsultationID?, category: String,
    origin: String?, purpose: String
  ) {
    self.role = role
    self.reader = reader
    self.consultation = consultation
    self.category = category
    self.origin = origin
    self.purpose = purpose
  }
}

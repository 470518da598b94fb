/// Who was in which consultation, from when to when: a line of an export. No name is in it.
public struct ExportedPresence: Hashable, Sendable {
  /// Where it is in the order of exports: consultations by when they were booked, then who came first.
  public struct Place: Hashable, Sendable {
    public let createdAt: WallClock
    public let consultation: Int64
    public let presence: Int64

    public init(createdAt: WallClock, consultation: Int64, presence: Int64) {
      self.createdAt = createdAt
      self.consultation = consultation
      self.presence = presence
    }
  }

  public let place: Place
  public let consultation: ConsultationID
  public let kind: ConsultationKind
  public let end: ConsultationRecord.Ending?
  public let erasedAt: WallClock?
  public let participant: ParticipantID
  public let role: ParticipantRole
  public let joinedAt: WallClock
  public let left: ConsultationRecord.Ending?

  public init(
    place: Place, consultation: ConsultationID, kind: ConsultationKind,
    end: ConsultationRecord.Ending?, erasedAt: WallClock?, participant: ParticipantID,
    role: ParticipantRole, joinedAt: WallClock, left: ConsultationRecord.Ending?
  ) {
    self.place = place
    self.consultation = consultation
    self.kind = kind
    self.end = end
    self.erasedAt = erasedAt
    self.participant = participant
    self.role = role
    self.joinedAt = joinedAt
    self.left = left
  }
}

/// What a verb of `Room` has changed, in order. The caller writes the effects to the record store,
/// then tells the clients and the media plane.
public enum RoomEffect: Hashable, Sendable {
  /// The first participant is there after nobody was.
  case sittingBegan
  case joined(Participant)
  case suspended(ParticipantID, Participant.Suspension)
  case resumed(ParticipantID)
  case published(ParticipantID, Participant.Publication)
  case muted(ParticipantID, TrackID, Bool)
  case unpublished(ParticipantID, TrackID, MediaSource)
  /// Comes after `unpublished` of all that the participant published. Exactly one for each `joined`.
  case left(ParticipantID, LeaveReason)
  case stateChanged(ConsultationState)
  /// The last participant is gone.
  case sittingEnded(LeaveReason)
  /// For good; after everyone's `left`.
  case ended(LeaveReason)
}

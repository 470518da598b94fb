/// What a verb of `Room` has changed, in order. The caller writes the effects to the record store,
/// then tells the clients and the media plane.
public enum RoomEffect: Hashable, Sendable {
  /// The first participant is there after nobody was.
  case sittingBegan
  /// The participant's `admission` says whether inside or into the waiting room.
  case joined(Participant)
  /// Comes after `joined` of who has to wait.
  case waiting(ParticipantID)
  /// Out of the waiting room, by whom.
  case admitted(Participant, by: ParticipantID)
  /// Back into the waiting room, by whom. Comes after `unpublished` of all that was published.
  case held(Participant, by: ParticipantID)
  /// Who waited leaves: comes before `left`.
  case waitingEnded(ParticipantID)
  /// Who waits has had its device and path looked at.
  case checked(ParticipantID, ConnectionCheck)
  /// Given, refused or withdrawn; what may pass has changed with it.
  case consented(ConsentEntry)
  /// Physicians and experts are among themselves from now on; what may pass has changed with it.
  case asideBegan(by: ParticipantID)
  /// `nil`: nobody was left who could end it.
  case asideEnded(by: ParticipantID?)
  /// The words are nowhere but in the room.
  case wrote(ParticipantID, to: [ParticipantID])
  /// Neither its name nor its content, which are in no record.
  case shared(SharedFile)
  /// A participant fetches the content of a file.
  case fetched(ParticipantID, FileID)
  /// A still image is being taken.
  case captureBegan(ImageCapture)
  /// The file that it became, whose `shared` follows; `nil`: none.
  case captureEnded(ImageCapture, FileID?)
  /// A smaller picture is being made of a camera.
  case renditionBegan(Rendition)
  case renditionEnded(Rendition)
  /// It is measured how loud a microphone is.
  case measurementBegan(SoundMeasurement)
  case measurementEnded(SoundMeasurement)
  /// Voices are put together for a listener.
  case mixBegan(VoiceMix)
  case mixEnded(VoiceMix)
  /// Picture and sound of everyone inside are recorded from now on.
  case recordingBegan(by: ParticipantID)
  /// Nothing is recorded while somebody inside has not agreed, or there is an aside.
  case recordingPaused
  case recordingResumed
  /// By whom, where it was somebody.
  case recordingEnded(RecordingEnd, by: ParticipantID?)
  /// Somebody is here by a bridge. Comes after `joined`.
  case bridgeBegan(ParticipantID, Bridge)
  /// Nothing goes to or comes from bridges while somebody inside has not agreed.
  case bridgesPaused
  case bridgesResumed
  /// Comes before `left`.
  case bridgeEnded(ParticipantID, BridgeEnd)
  case chargeTaken(by: ParticipantID, from: ParticipantID?, ChargeReason)
  /// The next physician who comes takes charge.
  case chargeOffered(by: ParticipantID)
  case suspended(ParticipantID, Participant.Suspension)
  case resumed(ParticipantID)
  case published(ParticipantID, Participant.Publication)
  case muted(ParticipantID, TrackID, Bool)
  case prioritized(ParticipantID, TrackID, TrackPriority)
  case unpublished(ParticipantID, TrackID, MediaSource)
  /// By whom, and whether for good. Comes before all that the removal ends; `left` follows.
  case removed(ParticipantID, Removal)
  /// Comes after `unpublished` of all that the participant published. Exactly one for each `joined`.
  case left(ParticipantID, LeaveReason)
  case stateChanged(ConsultationState)
  /// The last participant is gone.
  case sittingEnded(LeaveReason)
  /// For good; after everyone's `left`.
  case ended(LeaveReason)
}

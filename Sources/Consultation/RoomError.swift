/// Why a verb of `Room` was refused. The room is as it was.
public enum RoomError: Error, Hashable, Sendable {
  /// The consultation has ended.
  case ended
  /// The window of the appointment opens then, in so many seconds.
  case tooEarly(WallClock, seconds: Int64)
  /// The window of the appointment has closed.
  case tooLate(WallClock)
  /// As many participants as allowed are there.
  case full(limit: Int)
  /// The id is on the roster already.
  case alreadyPresent
  case noSuchParticipant
  /// The participant has no such track.
  case noSuchTrack
  /// The role may not do this here.
  case forbidden(ParticipantRole, ConsultationAction)
  /// Nobody may receive this source from this role.
  case mayNotSend(ParticipantRole, MediaSource)
  /// The role is not for the roster of this consultation.
  case notAdmitted(ParticipantRole)
  /// The participant publishes this source already, as this track.
  case sourceInUse(TrackID)
  /// Another participant has a track of this number.
  case trackInUse
  /// The participant is in the waiting room.
  case waiting
  /// The participant is inside, and this is for who waits.
  case notWaiting
  /// The role is never put into the waiting room.
  case neverWaits(ParticipantRole)
  /// The participant is not asked this here (any more).
  case consentNotAsked(ConsentPurpose)
  /// The words are of another version: the present one.
  case consentOutdated(ConsentPurpose, String)
  /// The words are not offered in this language.
  case consentNotWorded(ConsentPurpose)
  /// Whoever has to agree to it has not.
  case consentMissing(ConsentPurpose)
  /// Nobody of this role comes by a bridge, or not in this direction.
  case notBridged(ParticipantRole)
  /// A bridge needs somebody who is not here by one.
  case nobodyInside
  /// A still image of the publication is being taken already.
  case captureUnderWay
  /// It is recorded already.
  case recordingUnderWay
  /// The track is encrypted end to end: nobody but its receivers can open it.
  case encrypted(TrackID)
  /// Nothing is recorded.
  case notRecording
  /// There is an aside, and the participant has no part in it.
  case onHold
  /// Nobody is here who may be told anything by this participant.
  case nobodyToTell
  /// No such file was shared with the participant.
  case noSuchFile
  /// Another physician is in charge.
  case notInCharge
  /// The role never is in charge.
  case cannotTakeCharge(ParticipantRole)
  /// The consultation has none.
  case noWaitingRoom
  /// The bearer of this token was taken out and may not come again.
  case banned
  /// Nobody takes out themselves: that is leaving.
  case removesItself
}

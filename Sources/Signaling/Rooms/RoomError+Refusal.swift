internal import Consultation

extension SignalingError {
  init(_ error: RoomError) {
    switch error {
    case .ended:
      self.init(.wrongState, "the consultation has ended")
    case .tooEarly(let opens, let seconds):
      self.init(.tooEarly, "nobody comes in before \(opens)")
      retryAfter = Int(clamping: seconds)
    case .tooLate(let closed):
      self.init(.tooLate, "nobody comes in after \(closed)")
    case .full(let limit):
      self.init(.full, "\(limit) participants are here, as many as may be")
    case .alreadyPresent:
      self.init(.wrongState, "a participant of this id is here already")
    case .noSuchParticipant:
      self.init(.notFound, "there is no such participant in this consultation")
    case .noSuchTrack:
      self.init(.notFound, "there is no such publication in this consultation, or it is not yours")
    case .forbidden(let role, let action):
      self.init(.forbidden, "the role \(role.rawValue) may not \(action.words)")
    case .mayNotSend(let role, let source):
      self.init(
        .forbidden,
        "the role \(role.rawValue) may not send a \(source.rawValue): nobody may receive it")
    case .notAdmitted(let role):
      self.init(.forbidden, "the role \(role.rawValue) cannot join this consultation")
    case .sourceInUse:
      self.init(.wrongState, "this source is published already: a source has one publication")
    case .waiting:
      self.init(
        .wrongState, "the waiting room has no media: wait for `admitted`, then offer")
    case .notWaiting:
      self.init(.wrongState, "this is for the waiting room, and the participant is inside")
    case .neverWaits(let role):
      self.init(.forbidden, "the role \(role.rawValue) is never put into the waiting room")
    case .consentNotAsked(let purpose):
      self.init(
        .wrongState,
        "a consent to `\(purpose.rawValue)` is not asked of this participant here, or not any more")
    case .consentOutdated(let purpose, let version):
      self.init(
        .wrongState,
        "the text of `\(purpose.rawValue)` is of version \(version) here: show that one and ask again"
      )
    case .consentNotWorded(let purpose):
      self.init(
        .badField,
        "field `language` is none in which the text of `\(purpose.rawValue)` is offered here")
    case .consentMissing(let purpose):
      self.init(
        .wrongState,
        "this needs a consent to `\(purpose.rawValue)` that was not given, or not any more")
    case .notBridged(let role):
      self.init(
        .forbidden,
        "the role \(role.rawValue) does not come by a bridge, or not in this direction: interpreter, relative, expert, "
          + "and observer with `sendonly`")
    case .nobodyInside:
      self.init(.wrongState, "nobody is inside whom a bridge could be for")
    case .captureUnderWay:
      self.init(.wrongState, "a still image of this publication is being taken already")
    case .recordingUnderWay:
      self.init(.wrongState, "this consultation is being recorded already")
    case .encrypted(let track):
      self.init(
        .encrypted,
        "the publication \(track) is encrypted end to end: the server can neither see nor hear it")
    case .notRecording:
      self.init(.wrongState, "this consultation is not being recorded")
    case .onHold:
      self.init(.wrongState, "you are on hold: what you write or share reaches nobody now")
    case .noSuchFile:
      self.init(.notFound, "there is no such file for you here, or it is gone")
    case .notInCharge:
      self.init(.wrongState, "another physician is in charge of this consultation")
    case .cannotTakeCharge(let role):
      self.init(.forbidden, "the role \(role.rawValue) is never in charge of a consultation")
    case .nobodyToTell:
      self.init(.wrongState, "nobody is here who could read it")
    case .noWaitingRoom:
      self.init(.wrongState, "this consultation has no waiting room")
    case .banned:
      self.init(.forbidden, TokenRefusal.banned.sentence)
    case .removesItself:
      self.init(.wrongState, "nobody takes out themselves: leave instead")
    case .trackInUse:
      self.init(.internal, "two publications have one number")
    }
  }
}

extension JoinRefusal {
  init(_ error: RoomError) {
    if error == .banned {
      self.init(TokenRefusal.banned)
      return
    }
    let reason = SignalingError(error)
    let close: CloseCode? =
      switch error {
      case .ended: .over
      case .notAdmitted, .forbidden: .forbidden
      default: nil
      }
    self.init(reason.code, reason.message, close: close)
    self.error.retryAfter = reason.retryAfter
  }
}

extension ConsultationAction {
  /// After "may not".
  fileprivate var words: String {
    switch self {
    case .publish: "publish"
    case .subscribe: "receive media"
    case .endConsultation: "end the consultation"
    case .removeOthers: "remove participants"
    case .invite: "invite"
    case .admit: "let in or put back into the waiting room"
    case .joinAside: "take part in an aside"
    case .beginAside: "begin or end an aside"
    case .takeCharge: "be in charge of a consultation or hand it over"
    case .captureImages: "take still images"
    case .record: "record a consultation"
    case .bridge: "have somebody take part by a bridge"
    case .createConsultation: "create consultations"
    case .readConsultation: "read consultations"
    case .watchServer: "watch the server"
    }
  }
}

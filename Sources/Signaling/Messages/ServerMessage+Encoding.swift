internal import Consultation
internal import FoundationEssentials

extension ServerMessage {
  /// The message as JSON text.
  func encoded() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Text, booleans and integers only: there is nothing in a message that cannot be encoded.
    guard let data = try? encoder.encode(self) else { return Array(#"{"type":"error"}"#.utf8) }
    return Array(data)
  }
}

extension ServerMessage: Encodable {
  fileprivate enum Field: String, CodingKey {
    case type, re, v, consultation, participant, resume, resumed, roster, iceServers, keepalive
    case adapted, sdp, tracks, reason, state, publication, muted, code, message, fatal, more
    case viewer, step, active, encodings, maxBitrate, packetTime, retryAfter, admitted, waiting
    case consents, priority, aside, chat, entry, files, sharing, inCharge, from, way, seconds
    case check, hooks, recording, soundOnly
  }

  fileprivate struct Resume: Encodable {
    var token: String
    var seconds: Int
  }

  /// What `joined` says of the participant: the rest is in the roster.
  fileprivate struct Identity: Encodable {
    var id: String
    var role: String
    var name: String
  }

  private var type: String {
    switch self {
    case .joined: "joined"
    case .answer: "answer"
    case .checkAnswer: "check-answer"
    case .checked: "checked"
    case .participantJoined: "participant-joined"
    case .participantLeft: "participant-left"
    case .participantUpdated: "participant-updated"
    case .waitingJoined: "waiting-joined"
    case .waitingLeft: "waiting-left"
    case .waiting: "waiting"
    case .admitted: "admitted"
    case .consents: "consents"
    case .aside: "aside"
    case .chat: "chat"
    case .charge: "charge"
    case .file: "file"
    case .hooks: "hooks"
    case .recording: "recording"
    case .published: "published"
    case .unpublished: "unpublished"
    case .muted: "muted"
    case .prioritized: "prioritized"
    case .adapted: "adapted"
    case .encodings: "encodings"
    case .encoding: "encoding"
    case .media: "media"
    case .notice: "notice"
    case .removed: "removed"
    case .ended: "ended"
    case .left: "left"
    case .pong: "pong"
    case .accepted: "accepted"
    case .error: "error"
    }
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(type, forKey: .type)
    switch self {
    case .joined(let joined, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try joined.encode(into: &fields)
    case .answer(let sdp, let tracks, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(sdp, forKey: .sdp)
      try fields.encode(tracks, forKey: .tracks)
    case .checkAnswer(let way, let sdp, let seconds, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(way, forKey: .way)
      try fields.encode(sdp, forKey: .sdp)
      try fields.encode(seconds, forKey: .seconds)
    case .checked(let participant, let check, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(participant, forKey: .participant)
      try fields.encode(check, forKey: .check)
    case .waiting:
      break
    case .aside(let state, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(state, forKey: .state)
    case .chat(let entry, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(entry, forKey: .entry)
    case .file(let entry):
      try fields.encode(entry, forKey: .entry)
    case .hooks(let participant, let hooks):
      try fields.encode(participant, forKey: .participant)
      try fields.encode(hooks, forKey: .hooks)
    case .recording(let state, let participant, let reason, let soundOnly):
      try fields.encode(state, forKey: .state)
      if !soundOnly.isEmpty { try fields.encode(soundOnly, forKey: .soundOnly) }
      try fields.encodeIfPresent(participant, forKey: .participant)
      try fields.encodeIfPresent(reason, forKey: .reason)
    case .charge(let participant, let former, let reason):
      try fields.encode(participant, forKey: .participant)
      try fields.encodeIfPresent(former, forKey: .from)
      try fields.encode(reason, forKey: .reason)
    case .admitted(
      let consultation, let roster, let aside, let inCharge, let recording, let soundOnly):
      try fields.encodeIfPresent(recording, forKey: .recording)
      if !soundOnly.isEmpty { try fields.encode(soundOnly, forKey: .soundOnly) }
      try fields.encodeIfPresent(inCharge, forKey: .inCharge)
      try fields.encode(aside, forKey: .aside)
      try fields.encode(consultation, forKey: .consultation)
      try fields.encode(roster, forKey: .roster)
    case .consents(let list):
      try fields.encode(list, forKey: .consents)
    case .participantJoined(let entry), .waitingJoined(let entry):
      try fields.encode(entry, forKey: .participant)
    case .participantLeft(let participant, let reason), .waitingLeft(let participant, let reason):
      try fields.encode(participant, forKey: .participant)
      try fields.encode(reason, forKey: .reason)
    case .participantUpdated(let participant, let state):
      try fields.encode(participant, forKey: .participant)
      try fields.encode(state, forKey: .state)
    case .published(let participant, let publication, let more):
      try fields.encode(participant, forKey: .participant)
      try fields.encode(publication, forKey: .publication)
      if more { try fields.encode(true, forKey: .more) }
    case .unpublished(let participant, let publication, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(participant, forKey: .participant)
      try fields.encode(publication, forKey: .publication)
    case .muted(let participant, let publication, let muted, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(participant, forKey: .participant)
      try fields.encode(publication, forKey: .publication)
      try fields.encode(muted, forKey: .muted)
    case .prioritized(let participant, let publication, let priority):
      try fields.encode(participant, forKey: .participant)
      try fields.encode(publication, forKey: .publication)
      try fields.encode(priority.rawValue, forKey: .priority)
    case .adapted(let adaptation):
      try fields.encode(adaptation.viewer, forKey: .viewer)
      try fields.encode(adaptation.participant, forKey: .participant)
      try fields.encode(adaptation.publication, forKey: .publication)
      try fields.encode(adaptation.step, forKey: .step)
      try fields.encode(adaptation.reason, forKey: .reason)
    case .encodings(let publication, let active):
      try fields.encode(publication, forKey: .publication)
      try fields.encode(active, forKey: .active)
    case .encoding(let limit):
      try fields.encode(limit.publication, forKey: .publication)
      try fields.encode(limit.maxBitrate, forKey: .maxBitrate)
      try fields.encode(limit.packetTime, forKey: .packetTime)
    case .media(let state):
      try fields.encode(state.rawValue, forKey: .state)
    case .notice(let code, let message):
      try fields.encode(code.rawValue, forKey: .code)
      try fields.encode(message, forKey: .message)
    case .removed(let reason):
      try fields.encode(reason, forKey: .reason)
    case .ended(let reason, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(reason, forKey: .reason)
    case .left(let re), .pong(let re):
      try fields.encodeIfPresent(re, forKey: .re)
    case .accepted(let re):
      try fields.encode(re, forKey: .re)
    case .error(let error, let fatal, let re):
      try fields.encodeIfPresent(re, forKey: .re)
      try fields.encode(error.code.rawValue, forKey: .code)
      try fields.encode(error.message, forKey: .message)
      try fields.encode(fatal, forKey: .fatal)
      try fields.encodeIfPresent(error.retryAfter, forKey: .retryAfter)
    }
  }
}

extension ServerMessage.Joined {
  fileprivate func encode(into fields: inout KeyedEncodingContainer<ServerMessage.Field>) throws {
    try fields.encode(1, forKey: .v)
    try fields.encode(consultation, forKey: .consultation)
    try fields.encode(
      ServerMessage.Identity(id: participant.id, role: participant.role, name: participant.name),
      forKey: .participant)
    try fields.encode(
      ServerMessage.Resume(token: resumeToken, seconds: resumeSeconds), forKey: .resume)
    try fields.encode(resumed, forKey: .resumed)
    try fields.encode(isAdmitted, forKey: .admitted)
    try fields.encode(roster, forKey: .roster)
    try fields.encode(waiting, forKey: .waiting)
    try fields.encode(consents, forKey: .consents)
    try fields.encode(aside, forKey: .aside)
    try fields.encodeIfPresent(inCharge, forKey: .inCharge)
    try fields.encodeIfPresent(recording, forKey: .recording)
    if !soundOnly.isEmpty { try fields.encode(soundOnly, forKey: .soundOnly) }
    try fields.encode(chat, forKey: .chat)
    try fields.encode(files, forKey: .files)
    try fields.encodeIfPresent(sharing, forKey: .sharing)
    try fields.encode(adapted, forKey: .adapted)
    try fields.encode(encodings, forKey: .encodings)
    try fields.encode(iceServers, forKey: .iceServers)
    try fields.encode(keepalive, forKey: .keepalive)
  }
}

import Foundation
import Testing

@testable import Signaling

@Suite("Server messages")
struct ServerMessageTests {
  private func text(_ message: ServerMessage) -> String {
    String(decoding: message.encoded(), as: UTF8.self)
  }

  @Test("joined has the consultation, who one is, how to resume, and the roster")
  func joined() {
    let entry = RosterEntry(
      id: "p_1", role: "patient", name: "Zoë / \"Z\"", state: .connected,
      publications: [.init(id: "5", kind: "audio", source: "microphone", muted: true)])
    let message = ServerMessage.joined(
      .init(
        consultation: .init(id: "c", kind: "direct", state: "open"), participant: entry,
        resumeToken: "r", resumeSeconds: 60, resumed: false, roster: [entry],
        iceServers: [.init(urls: ["stun:stun.example.org"])], keepalive: 10), re: "1")
    #expect(
      text(message)
        == #"{"adapted":[],"admitted":true,"aside":"none","chat":[],"consents":[],"consultation":{"id":"c","kind":"direct","state":"open","waitingRoom":false},"encodings":[],"files":[],"iceServers":[{"urls":["stun:stun.example.org"]}],"keepalive":10,"participant":{"id":"p_1","name":"Zoë / \"Z\"","role":"patient"},"re":"1","resume":{"seconds":60,"token":"r"},"resumed":false,"roster":[{"id":"p_1","name":"Zoë / \"Z\"","publications":[{"id":"5","kind":"audio","muted":true,"source":"microphone"}],"role":"patient","state":"connected"}],"type":"joined","v":1,"waiting":[]}"#
    )
  }

  @Test("an answer names its tracks, and re is absent when the message had no id")
  func answer() {
    let track = AnsweredTrack(
      mid: "0", direction: .subscribe, publication: "5", participant: "p_1", kind: "audio",
      source: "microphone", muted: true)
    #expect(
      text(.answer(sdp: "v=0\r\n", tracks: [track], re: nil))
        == #"{"sdp":"v=0\r\n","tracks":[{"direction":"subscribe","kind":"audio","mid":"0","muted":true,"participant":"p_1","publication":"5","source":"microphone"}],"type":"answer"}"#
    )
  }

  @Test("a publication that is followed by another says so, the last one does not")
  func more() {
    let publication = RosterPublication(id: "5", kind: "audio", source: "microphone", muted: false)
    let fields =
      #""participant":"p_1","publication":{"id":"5","kind":"audio","muted":false,"source":"microphone"},"type":"published"}"#
    #expect(
      text(.published(participant: "p_1", publication, more: true)) == #"{"more":true,"# + fields)
    #expect(text(.published(participant: "p_1", publication)) == "{" + fields)
  }

  @Test("a recording names who sends a picture that is not recorded, and has no list of nobody")
  func soundOnly() throws {
    #expect(
      text(.recording(state: "on", participant: "p", reason: nil, soundOnly: ["q", "r"]))
        == #"{"participant":"p","soundOnly":["q","r"],"state":"on","type":"recording"}"#)
    #expect(
      text(.recording(state: "off", participant: nil, reason: "consent"))
        == #"{"reason":"consent","state":"off","type":"recording"}"#)
    let consultation = ConsultationEntry(id: "c", kind: "direct", state: "open")
    for soundOnly in [[], ["q"]] {
      let admitted = ServerMessage.admitted(
        consultation: consultation, roster: [], recording: "on", soundOnly: soundOnly)
      let joined = ServerMessage.joined(
        .init(
          consultation: consultation,
          participant: .init(
            id: "p", role: "patient", name: "", state: .connected, publications: []),
          resumeToken: "r", resumeSeconds: 60, resumed: true, roster: [], recording: "on",
          soundOnly: soundOnly, iceServers: [], keepalive: 10), re: nil)
      for message in [admitted, joined] {
        let object = try JSONSerialization.jsonObject(with: Data(message.encoded()))
        let fields = try #require(object as? [String: Any])
        #expect(fields["recording"] as? String == "on")
        #expect(fields["soundOnly"] as? [String] == (soundOnly.isEmpty ? nil : soundOnly))
      }
    }
  }

  @Test("every message is a JSON object with its type")
  func types() throws {
    let publication = RosterPublication(id: "5", kind: "video", source: "camera", muted: false)
    let entry = RosterEntry(
      id: "p", role: "patient", name: "", state: .reconnecting, publications: [])
    let messages: [(ServerMessage, String)] = [
      (.participantJoined(entry), "participant-joined"),
      (.participantLeft(participant: "p", reason: "left"), "participant-left"),
      (.participantUpdated(participant: "p", state: .connected), "participant-updated"),
      (.waiting, "waiting"),
      (.waitingJoined(entry), "waiting-joined"),
      (.waitingLeft(participant: "p", reason: "admitted"), "waiting-left"),
      (
        .admitted(consultation: .init(id: "c", kind: "direct", state: "open"), roster: []),
        "admitted"
      ),
      (
        .consents([
          .init(
            participant: "p", purpose: "act", about: nil, state: "asked", version: "1",
            texts: [.init(language: "fr", text: "x")])
        ]), "consents"
      ),
      (.aside(.outside), "aside"),
      (.charge(participant: "p", from: nil, reason: "transfer"), "charge"),
      (
        .file(
          .init(
            id: "f_1", participant: "p", role: "patient", name: "", file: "a.png",
            type: "image/png", size: 9, sha256: "", at: "", aside: false, to: [])), "file"
      ),
      (
        .chat(
          .init(
            id: "1", participant: "p", role: "patient", name: "", text: "x", at: "", aside: false,
            to: []), re: nil), "chat"
      ),
      (.published(participant: "p", publication), "published"),
      (.unpublished(participant: "p", publication: "5", re: nil), "unpublished"),
      (.muted(participant: "p", publication: "5", muted: true, re: "1"), "muted"),
      (
        .adapted(
          .init(
            viewer: "q", participant: "p", publication: "5", step: .videoOff, reason: .bandwidth)),
        "adapted"
      ),
      (.media(.connected), "media"), (.notice(code: .shuttingDown, message: "m"), "notice"),
      (.removed(reason: "removed"), "removed"), (.ended(reason: "ended", re: nil), "ended"),
      (.left(re: nil), "left"), (.pong(re: nil), "pong"), (.accepted(re: "1"), "accepted"),
      (.error(SignalingError(.badField, "m"), fatal: false, re: "1"), "error"),
    ]
    for (message, type) in messages {
      let object = try JSONSerialization.jsonObject(with: Data(message.encoded()))
      #expect((object as? [String: Any])?["type"] as? String == type)
    }
  }

  @Test("the reason of every close code fits a close frame")
  func closeReasons() {
    for code in CloseCode.allCases { #expect(code.reason.utf8.count <= 123) }
  }
}

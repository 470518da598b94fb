import Consultation
import Testing

@testable import Signaling

@Suite("Client messages")
struct ClientMessageTests {
  private func decode(_ text: String) throws(ClientMessage.Refusal) -> ClientMessage {
    try ClientMessage(decoding: text.utf8)
  }

  private func refusal(_ text: String) -> ClientMessage.Refusal? {
    do throws(ClientMessage.Refusal) {
      _ = try decode(text)
      return nil
    } catch {
      return error
    }
  }

  @Test("each type is decoded with its fields, and unknown fields are ignored")
  func types() throws {
    #expect(
      try decode(#"{"type":"join","v":1,"token":"t","consultation":"c","id":"7","new":[1]}"#)
        == ClientMessage(
          id: "7", body: .join(.init(credential: .token("t"), consultation: "c"))))
    #expect(
      try decode(#"{"type":"join","v":1,"resume":"r","token":null}"#).body
        == .join(.init(credential: .resume("r"), consultation: nil)))
    #expect(
      try decode(
        #"{"type":"offer","sdp":"v=0","tracks":[{"mid":"0","publish":{"source":"camera","muted":true}},{"mid":"1","subscribe":"9"}]}"#
      ).body
        == .offer(
          .init(
            sdp: "v=0",
            tracks: [.publish("0", "camera", muted: true), .subscribe("1", "9")])))
    #expect(
      try decode(#"{"type":"candidate","candidate":"","mid":null}"#).body
        == .candidate(mid: nil, candidate: ""))
    #expect(
      try decode(#"{"type":"mute","publication":"9","muted":false}"#).body
        == .mute(publication: "9", muted: false))
    #expect(
      try decode(#"{"type":"unpublish","publication":"9"}"#).body == .unpublish(publication: "9"))
    #expect(
      try decode(#"{"type":"unsubscribe","publication":"9"}"#).body
        == .unsubscribe(publication: "9"))
    #expect(
      try decode(#"{"type":"view","publication":"9","width":640,"height":360}"#).body
        == .view(publication: "9", width: 640, height: 360))
    #expect(throws: ClientMessage.Refusal.self) {
      try decode(#"{"type":"view","publication":"9","width":-1,"height":360}"#)
    }
    #expect(
      try decode(
        #"{"type":"consent","purpose":"third-participant","about":"p","given":true,"version":"1","language":"fr"}"#
      ).body
        == .consent(
          .init(
            purpose: .thirdParticipant, about: "p", isGiven: true, version: "1", language: "fr")))
    for (type, body) in [("leave", ClientMessage.Body.leave), ("end", .end), ("ping", .ping)] {
      #expect(try decode(#"{"type":"\#(type)"}"#).body == body)
    }
  }

  @Test(
    "a refused message names its field, says what would be right, and keeps its id",
    arguments: [
      (#"{"id":"a"}"#, SignalingErrorCode.badField, "`type`"),
      (#"{"id":"a","type":7}"#, .badField, "`type`"),
      (#"{"id":"a","type":"dance"}"#, .unknownType, "join"),
      (#"{"id":"a","type":"join","token":"t"}"#, .badField, "`v`"),
      (#"{"id":"a","type":"join","v":2,"token":"t"}"#, .badField, "version 1"),
      (#"{"id":"a","type":"join","v":1.5,"token":"t"}"#, .badField, "`v`"),
      (#"{"id":"a","type":"join","v":1}"#, .badField, "`token` is missing"),
      (#"{"id":"a","type":"offer"}"#, .badField, "`sdp` is missing: an offer carries"),
      (#"{"id":"a","type":"offer","sdp":"x"}"#, .badField, "`tracks` is missing"),
      (#"{"id":"a","type":"offer","sdp":"x","tracks":{}}"#, .badField, "`tracks`"),
      (#"{"id":"a","type":"offer","sdp":"x","tracks":[3]}"#, .badField, "`tracks`"),
      (#"{"id":"a","type":"offer","sdp":"x","tracks":[{}]}"#, .badField, "`tracks[0].mid`"),
      (
        #"{"id":"a","type":"offer","sdp":"x","tracks":[{"mid":"0"}]}"#, .badField,
        "`tracks[0].publish`"
      ),
      (
        #"{"id":"a","type":"offer","sdp":"x","tracks":[{"mid":"0","publish":{}}]}"#, .badField,
        "`tracks[0].publish.source`"
      ),
      (
        #"{"id":"a","type":"offer","sdp":"x","tracks":[{"mid":"0","subscribe":"1"},{"mid":"0","subscribe":"2"}]}"#,
        .badField, "`tracks[1].mid`"
      ),
      (#"{"id":"a","type":"mute","publication":"1"}"#, .badField, "`muted` is missing"),
      (#"{"id":"a","type":"mute","publication":"1","muted":1}"#, .badField, "`muted`"),
    ])
  func refusals(text: String, code: SignalingErrorCode, part: String) throws {
    let refusal = try #require(self.refusal(text))
    #expect(refusal.error.code == code)
    #expect(refusal.error.message.contains(part), "\(refusal.error.message)")
    #expect(refusal.id == "a")
  }

  @Test(
    "what is not a JSON object is refused as such",
    arguments: ["", " ", "nonsense", "[]", "3", "\"text\"", "null", "{", "{}}", "{\"type\"}"])
  func notAnObject(text: String) {
    #expect(refusal(text)?.error.code == .badJSON)
  }

  @Test("deep nesting is refused, not followed", arguments: [5000, 30_000])
  func nesting(depth: Int) {
    let open = String(repeating: "[", count: depth)
    let code = refusal(open)?.error.code
    #expect(code == .badJSON)
    let inside = refusal("{\"a\":" + open + String(repeating: "]", count: depth) + "}")?.error.code
    #expect(inside == .badJSON)
  }

  @Test("half of a surrogate pair is refused")
  func surrogates() {
    #expect(refusal(#"{"type":"\ud800"}"#)?.error.code == .badField)
  }

  @Test("octets that are not UTF-8 are refused")
  func notUTF8() {
    #expect(throws: ClientMessage.Refusal.self) {
      try ClientMessage(decoding: Array(#"{"type":"ping","id":""#.utf8) + [0xFF, 0x22, 0x7D])
    }
  }

  @Test("a message, and each of its fields, has a largest size")
  func sizes() {
    let long = String(repeating: "x", count: 70_000)
    #expect(refusal(#"{"type":"ping","id":"\#(long)"}"#)?.error.code == .tooLarge)
    let id = String(repeating: "x", count: 65)
    #expect(refusal(#"{"type":"ping","id":"\#(id)"}"#)?.error.code == .tooLarge)
    let token = String(repeating: "x", count: 5000)
    #expect(refusal(#"{"type":"join","v":1,"token":"\#(token)"}"#)?.error.code == .tooLarge)
    let tracks = (0...64).map { #"{"mid":"\#($0)","subscribe":"1"}"# }.joined(separator: ",")
    #expect(
      refusal(#"{"type":"offer","sdp":"x","tracks":[\#(tracks)]}"#)?.error.code == .tooLarge)
  }

  @Test("one section may send one track and receive another")
  func sendAndReceive() throws {
    let message = try decode(
      #"{"type":"offer","sdp":"x","tracks":[{"mid":"0","subscribe":"1"},{"mid":"0","publish":{"source":"screen"}}]}"#
    )
    #expect(
      message.body
        == .offer(.init(sdp: "x", tracks: [.subscribe("0", "1"), .publish("0", "screen")]))
    )
  }
}

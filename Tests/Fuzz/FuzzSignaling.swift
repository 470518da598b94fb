// modules: Wire Consultation Quality
// sources: Sources/Signaling/Messages/*.swift
// limit: 4096
import Consultation

/// Decodes the input as a message of a client. What is taken is within its bounds; what is refused
/// is refused with a sentence; the answer to either can be written.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSignaling(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = UnsafeBufferPointer(start: data, count: count)
  do throws(ClientMessage.Refusal) {
    let message = try ClientMessage(decoding: text)
    check(message)
    precondition(!ServerMessage.pong(re: message.id).encoded().isEmpty)
  } catch {
    precondition(error.error.message.utf8.count > 10 && error.error.message.utf8.count < 1000)
    precondition((error.id?.utf8.count ?? 0) <= 64)
    precondition(!ServerMessage.error(error.error, fatal: false, re: error.id).encoded().isEmpty)
  }
  return 0
}

private func check(_ message: ClientMessage) {
  precondition((message.id?.utf8.count ?? 0) <= 64)
  switch message.body {
  case .join(let join):
    switch join.credential {
    case .token(let token): precondition(token.utf8.count <= 4096)
    case .resume(let token): precondition(token.utf8.count <= 256)
    }
    precondition((join.consultation?.utf8.count ?? 0) <= 64)
  case .offer(let offer):
    precondition(offer.sdp.utf8.count <= ClientMessage.maximumLength)
    precondition(offer.tracks.count <= ClientMessage.maximumTracks)
    precondition(offer.tracks.allSatisfy { $0.mid.utf8.count <= 16 })
  case .candidate(let mid, let candidate):
    precondition((mid?.utf8.count ?? 0) <= 16 && candidate.utf8.count <= 1024)
  case .mute(let publication, _), .prioritize(let publication, _), .unpublish(let publication),
    .unsubscribe(let publication):
    precondition(publication.utf8.count <= 64)
  case .view(let publication, let width, let height):
    precondition(publication.utf8.count <= 64)
    precondition((0...16_384).contains(width) && (0...16_384).contains(height))
  case .stats(let statistics):
    precondition(statistics.outbound.count <= ClientStatistics.maximumTracks)
    precondition(statistics.inbound.count <= ClientStatistics.maximumTracks)
    precondition((statistics.transport.networkProtocol?.utf8.count ?? 0) <= 64)
  case .admit(let participant), .hold(let participant), .remove(let participant, _):
    precondition(participant.utf8.count <= 64)
  case .consent(let answer):
    precondition((answer.about?.utf8.count ?? 0) <= 64)
    precondition(answer.version.utf8.count <= 64 && answer.language.utf8.count <= 16)
  case .chat(let text):
    precondition(text.utf8.count <= 2 * ChatText.limit)
    if let taken = ChatText(rawValue: text) {
      precondition((1...ChatText.limit).contains(taken.rawValue.utf8.count))
    }
  case .transfer(let participant):
    precondition((participant?.utf8.count ?? 0) <= 64)
  case .check(let request):
    precondition(request.offer.sdp.utf8.count <= ClientMessage.maximumLength)
    precondition(request.offer.tracks.count <= ClientMessage.maximumTracks)
  case .checkReport(let report):
    precondition(report.reached.isSubset(of: report.tried))
  case .uplink, .capture, .record, .aside, .leave, .end, .ping:
    break
  }
}

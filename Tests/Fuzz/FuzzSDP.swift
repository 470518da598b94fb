// modules: Wire
// limit: 8000
import Wire

/// Parses the input as a session description, a trickle fragment, a candidate and an address. What
/// parses is read, written, and parses again to the same value.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSDP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)

  if let session = try? SessionDescription.parse(text) {
    precondition(session.sections.count <= SDPLimits.sections)
    session.sections.forEach(read)
    let written = session.description
    precondition((try? SessionDescription.parse(written)) == session, "a description changed")
  }
  if let fragment = try? TrickleFragment.parse(text) {
    _ = (fragment.iceUsernameFragment, fragment.icePassword, fragment.isEndOfCandidates)
    precondition(fragment.candidates.count <= SDPLimits.lines)
    precondition(
      (try? TrickleFragment.parse(fragment.description)) == fragment, "a fragment changed")
  }
  if let candidate = ICECandidate(text: text) {
    precondition(ICECandidate(text: candidate.description) == candidate, "a candidate changed")
  }
  if let address = IPAddress(text: text) {
    precondition(IPAddress(text: address.description) == address, "an address changed")
  }
  return 0
}

private func read(_ section: MediaDescription) {
  precondition(section.payloadTypes.allSatisfy { $0 <= 127 })
  for map in section.rtpMaps.prefix(32) {
    _ = section.formatParameters(map.payloadType)?["apt"]
    _ = section.feedback(map.payloadType)
  }
  _ = (section.mid, section.direction, section.isStopped, section.isRTCPMux)
  _ = (section.extensionMaps, section.sourceGroups, section.streamLabels, section.candidates)
  precondition(Set(section.sources).count == section.sources.count)
}

import Testing
import Transport
import Wire

/// What holds for every answer of ours, whatever the offer.
enum AnswerInvariants {
  static func check(
    _ answer: SessionDescription, to offer: SessionDescription,
    usernameFragment: String = "ours1"
  ) throws {
    #expect(answer.isICELite)
    #expect(answer.sections.count == offer.sections.count)
    let live = answer.sections.filter { $0.port != 0 }
    let liveMIDs = Set(live.compactMap(\.mid))

    let offered = offer.groups.first { $0.isBundle }?.mids
    let bundle = answer.groups.first { $0.isBundle }?.mids
    #expect(bundle == offered?.filter(liveMIDs.contains))
    let tagged = bundle?.first ?? live.first?.mid

    for (section, theirs) in zip(answer.sections, offer.sections) {
      #expect(section.media == theirs.media)
      #expect(section.mid == theirs.mid)
      #expect(section.transport == theirs.transport)
      guard section.port != 0 else {
        #expect(section.formats == theirs.formats)
        #expect(section.candidates.isEmpty)
        continue
      }
      #expect(section.port == 5000)
      #expect(section.connection == SDPConnection(isIPv6: false, address: "192.0.2.5"))
      #expect(section.isRTCPMux)
      #expect(!section.isBundleOnly)
      #expect(section.isRTCPReducedSize == theirs.isRTCPReducedSize)
      #expect(section.attributes.setup == .passive)
      #expect(section.attributes.iceUsernameFragment == usernameFragment)
      #expect(section.attributes.icePassword?.isEmpty == false)
      #expect(section.attributes.fingerprints == [NegotiationFixtures.fingerprint?.sdp])
      let isTagged = section.mid == tagged
      #expect(section.candidates == (isTagged ? NegotiationFixtures.candidates : []))
      #expect(section.attributes.contains(.endOfCandidates) == isTagged)

      let theirDirection = offer.direction(of: theirs)
      let ours = try #require(section.direction)
      #expect(!ours.sends || theirDirection.receives)
      #expect(!ours.receives || theirDirection.sends)
      #expect(ours.sends == !section.sources.isEmpty)
      #expect(ours.sends == !section.streamLabels.isEmpty)

      try checkFormats(section, theirs)
    }
  }

  private static func checkFormats(
    _ section: MediaDescription, _ theirs: MediaDescription
  ) throws {
    #expect(!section.formats.isEmpty)
    #expect(Set(section.formats).count == section.formats.count)
    #expect(Set(section.formats).isSubset(of: Set(theirs.formats)))
    #expect(Set(section.rtpMaps.map(\.payloadType)) == Set(section.payloadTypes))
    for map in section.rtpMaps {
      #expect(theirs.rtpMaps.contains(map))
      #expect(["opus", "red", "vp8", "h264", "rtx"].contains(map.encoding.lowercased()))
      for feedback in section.feedback(map.payloadType) {
        #expect(theirs.feedback(map.payloadType).contains(feedback))
      }
      switch map.encoding.lowercased() {
      case "opus":
        let parameters = try #require(section.formatParameters(map.payloadType))
        #expect(parameters["useinbandfec"] == "1")
        #expect(parameters["minptime"] == "10")
      case "red":
        #expect(
          section.formatParameters(map.payloadType) == theirs.formatParameters(map.payloadType))
        #expect(map.payloadType == section.payloadTypes.first, "else some never send it")
      case "rtx", "h264":
        let ours = section.formatParameters(map.payloadType)
        let offered = theirs.formatParameters(map.payloadType)
        for name in ["apt", "packetization-mode", "profile-level-id"] {
          #expect(ours?[name] == offered?[name])
        }
      default: break
      }
    }
    #expect(Set(section.extensionMaps.map(\.id)).count == section.extensionMaps.count)
    for entry in section.extensionMaps {
      #expect((1...14).contains(entry.id))
      #expect(theirs.extensionMaps.contains { $0.id == entry.id && $0.uri == entry.uri })
    }
    for group in section.sourceGroups {
      #expect(group.semantics == "FID")
      #expect(group.sources == section.sources)
    }
  }
}

internal import MediaEngine
internal import Wire

/// What both sides of a section agreed on: codecs, feedback, header extensions.
struct NegotiatedFormats {
  /// In order of preference.
  var codecs: [OfferedCodec]
  /// As they are written into the answer.
  var extensions: [ExtensionMapEntry]
  /// Those that we take at once, from the smallest picture up. Empty without simulcast. Browsers start
  /// what the answer does not call paused, so that it calls paused what the offer does.
  var encodings: [SimulcastDescription.Alternative]
  private var usesTransportCC: Bool
  private var usesREMB: Bool
  /// `rcvr-rtt=all` or the like: round trips for who only receives (RFC 3611 section 5.1).
  private var receiverRoundTrip: String?

  /// - Parameter direction: ours, as answered.
  init(_ section: MediaDescription, codecs offered: [OfferedCodec], direction: MediaDirection) {
    // A section that we do not send on has only the publisher to please.
    codecs =
      direction == .recvonly
      ? OfferedCodec.forPublisher(offered) : OfferedCodec.forViewer(offered)
    let offersTransportCC = codecs.contains { $0.feedback.contains("transport-cc") }
    extensions = Self.extensions(
      in: section, direction: direction, transportCC: offersTransportCC)
    encodings =
      direction.receives ? OfferedEncodings.all(in: section, extensions: extensions) : []
    // The feedback is of no use without the sequence numbers in the packets.
    usesTransportCC = extensions.contains { $0.uri == HeaderExtension.transportWideCC.uri }
    // Publishers obey it as a bound beside what transport-wide feedback tells them; to us it says
    // nothing that transport-wide feedback does not say better.
    usesREMB = direction.receives || !usesTransportCC
    receiverRoundTrip = section.attributes.lazy.compactMap(\.receiverRoundTrip).first
  }

  private static func extensions(
    in section: MediaDescription, direction: MediaDirection, transportCC: Bool
  ) -> [ExtensionMapEntry] {
    var wanted: [HeaderExtension] = [.mid]
    if transportCC { wanted.append(.transportWideCC) }
    if section.media == MediaKind.audio.rawValue { wanted.append(.audioLevel) }
    if direction.receives, section.attributes.contains(where: \.isSimulcast) {
      wanted += [.rtpStreamID, .repairedRTPStreamID]
    }
    var taken: Set<UInt16> = []
    return section.extensionMaps.compactMap { entry in
      guard let meaning = HeaderExtension(uri: entry.uri), wanted.contains(meaning),
        (1...14).contains(entry.id), !taken.contains(entry.id)
      else { return nil }
      // The suffix is the offerer's direction (RFC 8285 section 6).
      switch entry.direction {
      case .inactive: return nil
      case .sendonly where !direction.receives: return nil
      case .recvonly where !direction.sends: return nil
      default: break
      }
      wanted.removeAll { $0 == meaning }
      taken.insert(entry.id)
      return ExtensionMapEntry(
        id: entry.id, direction: entry.direction?.reversed, uri: entry.uri)
    }
  }

  /// The feedback of a payload type, as it is written into the answer.
  func feedback(of codec: OfferedCodec) -> [String] {
    Self.served.filter { name in
      switch name {
      case "transport-cc": usesTransportCC && codec.feedback.contains(name)
      case "goog-remb": usesREMB && codec.feedback.contains(name)
      default: codec.feedback.contains(name)
      }
    }
  }

  private static let served = ["transport-cc", "goog-remb", "ccm fir", "nack", "nack pli", "rrtr"]

  func retransmission(of codec: OfferedCodec) -> RTPMap? {
    codec.feedback.contains("nack") ? codec.retransmission : nil
  }

  // MARK: - For the worker

  var feedback: RTCPFeedback {
    // RED has none of its own: that of the Opus inside holds for both.
    guard let first = codecs.first(where: { $0.codec != .red }) else { return [] }
    var feedback: RTCPFeedback = []
    for name in self.feedback(of: first) {
      switch name {
      case "nack": feedback.insert(.nack)
      case "nack pli": feedback.insert(.pli)
      case "ccm fir": feedback.insert(.fir)
      case "transport-cc": feedback.insert(.transportCC)
      case "goog-remb": feedback.insert(.remb)
      default: break
      }
    }
    return feedback
  }

  var extensionMap: HeaderExtensionMap {
    var map = HeaderExtensionMap()
    for entry in extensions {
      guard let meaning = HeaderExtension(uri: entry.uri) else { continue }
      map[meaning] = UInt8(clamping: entry.id)
    }
    return map
  }

  /// The payload types that a publisher may send.
  var publisherBindings: [PayloadBinding] {
    codecs.map { binding($0, for: $0.codec) }
  }

  /// The payload types for what we may send. Every H.264 decoder takes the Constrained Baseline,
  /// and one of packetization mode 1 also mode 0 (RFC 6184 section 6.3), so that they stand in
  /// where the viewer does not list these.
  var viewerBindings: [PayloadBinding] {
    var bindings = publisherBindings
    for mode: UInt8 in [1, 0] {
      let codec = MediaCodec.h264(
        profile: H264Profile.constrainedBaseline, packetizationMode: mode)
      guard !codecs.contains(where: { $0.codec == codec }) else { continue }
      let substitute = codecs.first {
        if case .h264(_, let offered) = $0.codec { offered >= mode } else { false }
      }
      if let substitute { bindings.append(binding(substitute, for: codec)) }
    }
    return Array(bindings.prefix(16))
  }

  private func binding(_ offered: OfferedCodec, for codec: MediaCodec) -> PayloadBinding {
    PayloadBinding(
      codec: codec, payloadType: offered.map.payloadType,
      rtxPayloadType: retransmission(of: offered)?.payloadType)
  }

  var usesRetransmission: Bool { codecs.contains { retransmission(of: $0) != nil } }

  // MARK: - For the answer

  var payloadTypes: [String] {
    codecs.flatMap { codec in
      [codec.map, retransmission(of: codec)].compactMap { $0.map { "\($0.payloadType)" } }
    }
  }

  var attributes: [SDPAttribute] {
    var attributes = extensions.map { SDPAttribute.extensionMap($0) }
    for codec in codecs {
      let payloadType = codec.map.payloadType
      // The spelling of the offer: some clients compare it letter by letter.
      attributes.append(.rtpMap(codec.map))
      attributes += feedback(of: codec).map {
        .feedback(FeedbackAttribute(payloadType: payloadType, feedback: $0))
      }
      if let parameters = Self.parameters(of: codec) {
        attributes.append(.formatParameters(parameters))
      }
      if let retransmission = retransmission(of: codec) {
        attributes.append(.rtpMap(retransmission))
        attributes.append(
          .formatParameters(
            FormatParameters(
              payloadType: retransmission.payloadType, ["apt": "\(payloadType)"])))
      }
    }
    if let receiverRoundTrip {
      attributes.append(.other(name: "rtcp-xr", value: receiverRoundTrip))
    }
    guard !encodings.isEmpty else { return attributes }
    attributes += encodings.map {
      .restriction(RestrictionIdentifier(id: $0.rid, direction: .recv))
    }
    attributes.append(
      .simulcast(
        SimulcastDescription(
          send: [], receive: encodings.map { [$0] })))
    return attributes
  }

  private static func parameters(of codec: OfferedCodec) -> FormatParameters? {
    switch codec.codec {
    case .opus:
      return FormatParameters(
        payloadType: codec.map.payloadType, ["minptime": "10", "useinbandfec": "1"])
    case .red:
      // The payload types of its blocks, as they came.
      return codec.parameters
    case .vp8:
      return nil
    case .h264:
      // RFC 6184 section 8.2.2: mode and profile go back as they came. The level too: we send what
      // publishers made, none of them above the 3.1 of browsers.
      let names = ["level-asymmetry-allowed", "packetization-mode", "profile-level-id"]
      let parameters = names.compactMap { name in
        codec.parameters?[name].map { FormatParameters.Parameter(name: name, value: $0) }
      }
      guard !parameters.isEmpty else { return nil }
      return FormatParameters(payloadType: codec.map.payloadType, parameters: parameters)
    }
  }
}

extension SDPAttribute {
  fileprivate var isSimulcast: Bool {
    if case .simulcast = self { true } else { false }
  }

  /// Of the blocks that `a=rtcp-xr` offers the only one that we serve.
  fileprivate var receiverRoundTrip: String? {
    guard case .other("rtcp-xr", let value?) = self else { return nil }
    return value.split(separator: " ").first {
      let parts = $0.split(separator: ":", maxSplits: 1)
      return ["rcvr-rtt=all", "rcvr-rtt=sender"].contains(parts.first)
        && parts.dropFirst().allSatisfy { $0.allSatisfy(\.isNumber) }
    }.map(String.init)
  }
}

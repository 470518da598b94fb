internal import Congestion
internal import Forwarding
internal import Transport
internal import Wire

/// A publication as the worker knows it.
final class PublicationRecord {
  let id: PublicationID
  /// From the smallest picture up; at least one.
  let encodings: [Encoding]
  /// Place of the publishing peer; `nobody`: it comes from a feed.
  let peer: Int32
  static let nobody: Int32 = -1
  /// What it comes from, where that is no peer.
  var feed: PacketFeed?
  let parameters: PublicationParameters
  let mid: MediaIdentificationTag?
  var priority = LadderPriority.motion
  /// When its publisher was told which encodings are of use.
  var lastTold: MediaInstant?
  /// A packet came.
  var hasStarted = false
  /// Of video whose sender takes REMB.
  var cap: EncoderCap?
  /// The place of the viewer that the cap follows.
  var decisiveViewer: Int32?
  /// A smaller stream that is made of it.
  var rendition: Rendition?
  /// A smaller one was asked for; when last.
  var isRenditionAsked = false
  var lastAsked: MediaInstant?
  /// When a viewer could not do without it.
  var renditionNeeded: MediaInstant?
  /// Who gets copies of its packets.
  var taps: [PacketTap] = []
  /// Whether the tap of that place has one that waits to be handed out.
  var isStaged = SIMD4<UInt8>(repeating: 0)

  init(
    id: PublicationID, encodings: [Encoding], peer: Int32, parameters: PublicationParameters
  ) {
    precondition(!encodings.isEmpty)
    self.id = id
    self.encodings = encodings
    self.peer = peer
    self.parameters = parameters
    mid = MediaIdentificationTag(parameters.mid)
  }

  var feedback: RTCPFeedback { parameters.feedback }

  var hasSimulcast: Bool { encodings.count > 1 }

  /// Among the publisher's own.
  func index(of handle: PublicationHandle) -> Int? {
    encodings.firstIndex { $0.handle == handle }
  }

  /// One of `layers`.
  func encoding(of handle: PublicationHandle) -> Encoding? {
    layers.first { $0.handle == handle }
  }

  func role(of payloadType: UInt8) -> SourceTable.Role? {
    for binding in parameters.payloads {
      if binding.payloadType == payloadType { return .media }
      if binding.rtxPayloadType == payloadType { return .retransmission }
    }
    return nil
  }
}

/// A subscription as the worker knows it.
final class SubscriptionRecord {
  let id: SubscriptionID
  let handle: SubscriptionHandle
  /// Place of the viewing peer.
  let peer: Int32
  var parameters: SubscriptionParameters
  /// What signaling bound it to; carried once the viewer is connected.
  var wanted: PublicationID?
  /// At which size it is shown, in pixels of the screen; `nil`: not known.
  var view: PictureSize?
  /// The highest temporal layer that it gets.
  var temporal = Router.allTemporalLayers
  /// Set when the viewer answers NACK but not RTX.
  var repeats: ProtectedPackets?

  init(
    id: SubscriptionID, handle: SubscriptionHandle, peer: Int32, parameters: SubscriptionParameters
  ) {
    self.id = id
    self.handle = handle
    self.peer = peer
    self.parameters = parameters
    wanted = parameters.publication
  }
}

/// One peer connection on a worker: its transport, what it sends and what it gets. Control state;
/// what every packet needs is in its `PeerMedia`.
final class Peer {
  let id: PeerID
  /// Its place in the worker's tables.
  let place: Int32
  let transport: PeerTransport
  /// In the worker's table, as long as the peer is in it.
  let media: UnsafeMutablePointer<PeerMedia>
  /// What our feedback comes from.
  let ssrc: SSRC
  let cname: String

  var publications: [PublicationRecord] = []
  var subscriptions: [SubscriptionRecord] = []
  var clock = SenderClock()
  var roundTrip = RoundTrip()
  var referenceTimes = ReferenceTimes()
  var nextReport: MediaInstant?
  /// When RTCP came from it for the last time.
  var lastHeard: MediaInstant?
  /// When the caps of its encoders are looked at.
  var nextCap: MediaInstant?
  /// Whether its consultation asked for the least delay.
  let wantsLeastDelay: Bool
  /// Whether it counts in `Worker.pressing`.
  var isPressing = false
  /// DTLS datagrams of this peer in the queue.
  var pendingHandshakes = 0
  /// Where streams of removed subscriptions ended, should their SSRCs come back.
  var positions: [SSRC: StreamPosition] = [:]

  static let maximumPositions = 128

  init(
    id: PeerID, place: Int32, transport: PeerTransport, media: borrowing PeerMediaTable,
    sourceCapacity: Int, wantsLeastDelay: Bool, random: inout SeededRandom
  ) {
    self.id = id
    self.wantsLeastDelay = wantsLeastDelay
    self.place = place
    self.transport = transport
    let bits = random.next()
    // Zero has a meaning of its own in some feedback messages.
    ssrc = SSRC(UInt32(truncatingIfNeeded: bits) | 1)
    cname = "worker-" + String(bits >> 32, radix: 36)
    self.media = media.insert(
      PeerMedia(
        transport.media,
        sequencer: TransportSequencer(first: UInt16(truncatingIfNeeded: random.next())),
        sourceCapacity: sourceCapacity),
      at: place)
  }

  /// Takes the extensions and the feedback of its publications together.
  func refreshReception() {
    var extensions = HeaderExtensionMap()
    var wantsFeedback = false
    for record in publications {
      for ext in HeaderExtension.allCases {
        if let id = record.parameters.extensions[ext] { extensions[ext] = id }
      }
      if record.feedback.contains(.transportCC),
        record.parameters.extensions[.transportWideCC] != nil
      {
        wantsFeedback = true
      }
    }
    media.pointee.extensions = extensions
    if wantsFeedback, media.pointee.transportWideCC == nil {
      media.pointee.transportWideCC = TransportWideCC(sender: ssrc)
    }
  }

  func subscription(of ssrc: SSRC) -> SubscriptionRecord? {
    for record in subscriptions where record.parameters.ssrc == ssrc { return record }
    return nil
  }
}

private import CDatagram
private import Glibc
private import MediaEngine
private import MediaIO
private import Transport
private import Wire
private import Workload

/// The relay as it is, on its own thread and socket, with peers whose keys are preset: neither ICE
/// nor DTLS are needed to send it packets. Its plan comes on standard input; it ends with that.
@main
struct Relay {
  static func main() throws {
    if CommandLine.arguments.count > 2, CommandLine.arguments[1] == "--cpu",
      var cpu = UInt32(CommandLine.arguments[2])
    {
      _ = flow_pin(&cpu, 1)
    }
    guard let plan = ServerPlan(lines: { readLine() }),
      let profile = SRTPProfile(rawValue: plan.profile)
    else { throw RelayError.plan }
    let (thread, handle) = try start(plan, profile)
    for command in commands(plan) where !handle.send(command) { throw RelayError.plan }
    say("port \(handle.port)")
    while readLine() != nil {}
    thread.stop()
  }

  enum RelayError: Error {
    case plan
  }

  private static func start(
    _ plan: ServerPlan, _ profile: SRTPProfile
  ) throws -> (thread: WorkerThread, handle: WorkerHandle) {
    try WorkerThread.start(
      index: 0, port: 0, configuration: WorkerConfiguration(),
      dtls: try DTLSContext(certificate: try .generate()),
      turnSpacing: .microseconds(Int64(plan.hold))
    ) { worker, now, out in
      let loopback = IPAddress(v4: 0x7F00_0001)
      for (i, peer) in plan.peers.enumerated() {
        guard
          let credentials = ICECredentials(
            usernameFragment: "peer\(i)", password: "0123456789012345678901"),
          let keys = SRTPKeyingMaterial(
            profile: profile, local: peer.serverKey, remote: peer.peerKey),
          let transport = PeerTransport(
            preset: keys,
            path: NetworkPath(
              remote: TransportAddress(ip: loopback, port: peer.port), local: loopback),
            local: credentials, remote: credentials, timeouts: PeerTransportTimeouts(), now: now)
        else { continue }
        worker.addPeer(
          PeerID(rawValue: UInt64(i)), connected: transport,
          fragment: credentials.usernameFragment, now: now, into: &out)
      }
    }
  }

  private static func commands(_ plan: ServerPlan) -> [WorkerCommand] {
    let feedback: RTCPFeedback = [.nack, .pli, .transportCC]
    let publications = plan.publications.enumerated().map { i, publication in
      WorkerCommand.addPublication(
        PublicationID(rawValue: UInt64(i)),
        PublicationParameters(
          peer: PeerID(rawValue: UInt64(publication.peer)),
          mid: publication.kind == .video ? "1" : "0", kind: publication.kind,
          payloads: MediaFormat.payloads(publication.kind), extensions: MediaFormat.extensions,
          declaredSources: [
            DeclaredSource(
              ssrc: publication.ssrc,
              rtxSSRC: retransmission(publication.kind, publication.ssrc))
          ], muted: false, feedback: feedback))
    }
    let subscriptions = plan.subscriptions.enumerated().map { i, subscription in
      let kind = plan.publications[subscription.publication].kind
      return WorkerCommand.addSubscription(
        SubscriptionID(rawValue: UInt64(i)),
        SubscriptionParameters(
          peer: PeerID(rawValue: UInt64(subscription.peer)), mid: "\(2 + i % 100)", kind: kind,
          ssrc: subscription.ssrc, rtxSSRC: retransmission(kind, subscription.ssrc),
          payloads: MediaFormat.payloads(kind), extensions: MediaFormat.extensions,
          cname: "benchmark", feedback: feedback,
          publication: PublicationID(rawValue: UInt64(subscription.publication))))
    }
    return publications + subscriptions
  }

  private static func retransmission(_ kind: MediaKind, _ ssrc: SSRC) -> SSRC? {
    kind == .video ? SSRC(ssrc.rawValue ^ ServerPlan.retransmissionBit) : nil
  }

  private static func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}

internal import MediaEngine
internal import Probe
internal import Transport
internal import Wire
internal import Workload

/// A worker under virtual time with all that comes in a call: media, some of it late, reports,
/// feedback, requests, checks. What the worker does is counted, what is around it is not.
final class Rehearsal {
  /// What the worker was asked to do.
  enum Work: Int, CaseIterable {
    case media, reports, checks, timers
  }

  struct Count {
    var calls: UInt64 = 0
    var allocations: UInt64 = 0
    /// Retains and releases.
    var references: UInt64 = 0
    var locks: UInt64 = 0
  }

  enum Failure: Error {
    case setup
  }

  private struct Late {
    var slot: PacketSlot
    var length: Int
    var path: NetworkPath
    var due: MediaInstant
  }

  private(set) var counts = [Count](repeating: Count(), count: Work.allCases.count)
  private(set) var forwarded: UInt64 = 0
  let worker: Worker
  private let arena: PacketArena
  private var out: OutboundBatch
  private var members: [Member] = []
  private var places: [UInt16: Int] = [:]
  private var late: [Late] = []
  private var random = SeededRandom(seed: 3)
  private var now = MediaInstant(nanoseconds: 1_000_000_000)

  init(rooms: [LoadCase.Room], profile: SRTPProfile, engine: SRTPEngine) throws {
    var plan = ServerPlan(
      rooms: rooms, profile: profile.rawValue, keyLength: profile.keyLength + profile.saltLength,
      hold: 0, random: &random)
    for i in plan.peers.indices { plan.peers[i].port = UInt16(10_000 + i) }
    arena = PacketArena(slotCount: 16_384)
    out = OutboundBatch(capacity: 2048, arena: arena)
    worker = Worker(
      configuration: WorkerConfiguration(), arena: arena,
      dtls: try DTLSContext(certificate: try .generate()), seed: 1,
      wallOffset: .seconds(1_700_000_000))
    guard plan.addPeers(to: worker, engine: engine, now: now, into: &out) == plan.peers.count
    else { throw Failure.setup }
    for command in plan.commands { worker.handle(command, now: now, into: &out) }
    try makeMembers(plan, profile)
  }

  private func makeMembers(_ plan: ServerPlan, _ profile: SRTPProfile) throws {
    for (i, peer) in plan.peers.enumerated() {
      guard
        let keys = SRTPKeyingMaterial(
          profile: profile, local: peer.peerKey, remote: peer.serverKey),
        let srtp = SRTPSession(keys), let credentials = plan.credentials(of: i)
      else { throw Failure.setup }
      places[peer.port] = i
      members.append(
        Member(
          path: plan.path(of: i), credentials: credentials, srtp: srtp, now: now,
          random: &random))
    }
    for (i, publication) in plan.publications.enumerated() {
      members[publication.peer].tracks.append(
        Track(
          kind: publication.kind, ssrc: publication.ssrc, tag: UInt32(i), viewers: 0, now: now,
          random: &random))
    }
    for subscription in plan.subscriptions {
      members[subscription.peer].inbound.append(
        Member.Inbound(
          ssrc: subscription.ssrc, kind: plan.publications[subscription.publication].kind,
          highest: nil))
    }
  }

  /// Forgets what was counted.
  func begin() {
    counts = Array(repeating: Count(), count: Work.allCases.count)
    forwarded = 0
    probe_allocations_forget()
  }

  /// One turn a millisecond.
  func run(for span: MediaDuration) {
    let end = now + span
    while now < end { turn() }
  }

  func run(untilForwarded packets: UInt64) {
    while forwarded < packets { turn() }
  }

  private func turn() {
    now += .milliseconds(1)
    for member in members {
      for track in member.tracks { sendMedia(track, of: member) }
      sendControl(member)
    }
    sendLate()
    count(.timers) {
      worker.handleTimeout(now: now, into: &out)
      _ = worker.nextDeadline
    }
    deliver()
    _ = worker.takeEvents()
  }

  private func count(_ work: Work, _ body: () -> Void) {
    probe_allocations_begin(false)
    body()
    counts[work.rawValue].allocations += probe_allocations_end()
    counts[work.rawValue].references += probe_references()
    counts[work.rawValue].locks += probe_locks()
    counts[work.rawValue].calls += 1
  }

  private func give(_ slot: PacketSlot, _ length: Int, _ path: NetworkPath, as work: Work) {
    count(work) { worker.receive(slot, length: length, path: path, now: now, into: &out) }
  }

  // MARK: To the worker

  private func sendMedia(_ track: Track, of member: Member) {
    while let slot = arena.allocate() {
      let buffer = arena.buffer(slot)
      guard
        let length = track.write(
          into: buffer, transportSequence: &member.transportSequence, now: now, sent: now,
          isPaced: true),
        let sealed = member.srtp.protectRTP(buffer, length: length)
      else {
        arena.release(slot)
        return
      }
      // Late enough to be asked for again.
      if track.kind == .video, random.next() % 200 == 0 {
        late.append(
          Late(slot: slot, length: sealed, path: member.path, due: now + .milliseconds(40)))
      } else {
        give(slot, sealed, member.path, as: .media)
      }
    }
  }

  private func sendLate() {
    while let first = late.first, first.due <= now {
      late.removeFirst()
      give(first.slot, first.length, first.path, as: .media)
    }
  }

  private func sendControl(_ member: Member) {
    if member.nextReport <= now {
      member.nextReport += .seconds(1)
      member.writeReports(now: now) { send(member, $0) }
    }
    if member.nextFeedback <= now, let media = member.inbound.first?.ssrc {
      member.nextFeedback += .milliseconds(100)
      send(member) { member.feedback.write(sender: member.ssrc, media: media, into: $0) }
    }
    if member.nextCheck <= now {
      member.nextCheck += .milliseconds(2500)
      sendCheck(member)
    }
    guard let video = member.inbound.first(where: { $0.kind == .video }), let last = video.highest
    else { return }
    if member.nextRequest <= now {
      member.nextRequest += .milliseconds(700)
      withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 2) { numbers in
        numbers[0] = last &- 20
        numbers[1] = last &- 19
        send(member) {
          GenericNACK.write(
            sender: member.ssrc, media: video.ssrc,
            sequenceNumbers: UnsafeBufferPointer(numbers), into: $0)?.length
        }
      }
    }
    if member.nextKeyframeRequest <= now {
      member.nextKeyframeRequest += .seconds(3)
      send(member) {
        PictureLossIndication(sender: member.ssrc, media: video.ssrc).write(into: $0)
      }
      for other in members { for track in other.tracks { track.requestKeyframe() } }
    }
  }

  private func send(_ member: Member, _ write: (UnsafeMutableRawBufferPointer) -> Int?) {
    guard let slot = arena.allocate() else { return }
    let buffer = arena.buffer(slot)
    guard let length = write(UnsafeMutableRawBufferPointer(rebasing: buffer[..<1200])),
      let sealed = member.srtp.protectRTCP(buffer, length: length)
    else {
      arena.release(slot)
      return
    }
    give(slot, sealed, member.path, as: .reports)
  }

  private func sendCheck(_ member: Member) {
    guard let slot = arena.allocate() else { return }
    guard let length = member.writeCheck(into: arena.buffer(slot)) else {
      arena.release(slot)
      return
    }
    give(slot, length, member.path, as: .checks)
  }

  // MARK: From the worker

  private func deliver() {
    for entry in out.entries {
      guard let place = places[entry.path.remote.port] else { continue }
      if members[place].take(UnsafeRawBufferPointer(out.bytes(of: entry)), now: now) {
        forwarded += 1
      }
    }
    count(.timers) { out.removeAll() }
  }
}

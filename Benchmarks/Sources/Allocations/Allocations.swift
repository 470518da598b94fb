private import Glibc
private import MediaEngine
private import Probe
private import Transport
private import Wire
private import Workload

/// Forwards 100 000 packets through a worker that has been running for a while, and fails when it
/// allocates anything meanwhile, or counts references or takes a lock for a packet of media. Run it
/// with AllocationCounter preloaded; VISAVIS_TRACE=references tells where those come from.
@main
struct Allocations {
  static let packets: UInt64 = 100_000

  static func main() throws {
    guard probe_counts_allocations() else {
      print("allocations: AllocationCounter is not preloaded")
      exit(2)
    }
    var isClean = true
    for profile in SRTPProfile.allCases {
      let call = try Rehearsal(
        rooms: [
          .init(participants: 4, publishers: 4), .init(participants: 11, publishers: 1),
          .init(participants: 2, publishers: 2),
        ], profile: profile, engine: .default)
      // Tables, queues and histories reach their size.
      call.run(for: .seconds(10))
      call.begin()
      let before = call.worker.counters
      call.run(untilForwarded: packets)
      isClean = report(call, profile, before) && isClean
    }
    exit(isClean ? 0 : 1)
  }

  private static func report(
    _ call: Rehearsal, _ profile: SRTPProfile, _ before: WorkerCounters
  ) -> Bool {
    let after = call.worker.counters
    print(
      "\(profile.rawValue): \(call.forwarded) packets forwarded of "
        + "\(after.rtpReceived - before.rtpReceived); "
        + "\(after.retransmissionsSent - before.retransmissionsSent) sent again, "
        + "\(after.nacksSent - before.nacksSent) asked for, "
        + "\(after.transportFeedbackSent - before.transportFeedbackSent) feedbacks, "
        + "\(after.rtcpSent - before.rtcpSent) RTCP packets sent, "
        + "\(after.rtcpReceived - before.rtcpReceived) received")
    for work in Rehearsal.Work.allCases {
      let count = call.counts[work.rawValue]
      print(
        "  \(work): \(count.allocations) allocations, \(count.references) retains and releases, "
          + "\(count.locks) locks in \(count.calls) calls")
    }
    fflush(nil)
    let total = call.counts.reduce(0) { $0 + $1.allocations }
    let isTraced = getenv("VISAVIS_TRACE") != nil
    probe_allocations_report(total > 0 || isTraced ? 12 : 0)
    let media = call.counts[Rehearsal.Work.media.rawValue]
    return total == 0 && media.references == 0 && media.locks == 0
  }
}

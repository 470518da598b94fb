internal import CDatagram
internal import Congestion
internal import Transport
internal import Wire

/// Participants behind paths that are looked at, and how they adapt to them.
extension Generator {
  /// Datagrams that paths hold back, all together: more is lost.
  private static let heldLimit = 100_000
  private static let adapting: Int64 = 20_000_000

  /// Sends a datagram on its way over a path. It is always taken.
  func pass(
    _ endpoint: Endpoint, _ slot: Int, _ bytes: UnsafeRawBufferPointer,
    _ direction: PathDirection
  ) -> Bool {
    let now = MonotonicClock.now()
    let arrivals = paths[endpoint.cohort].offer(
      bytes.count, isVideo: Self.isVideo(bytes), direction, now: now)
    for arrival in arrivals where delayed.count < Self.heldLimit {
      let number = delayed.hold(
        DelayLine.Held(
          slot: slot, generation: generations[slot], isIncoming: direction == .down,
          bytes: Array(bytes), due: arrival))
      // Equal times leave in any order.
      let last =
        direction == .up ? endpoint.lastRelease.outgoing : endpoint.lastRelease.incoming
      var due = arrival.nanoseconds
      if due <= last, last - due < 100_000 { due = last + 1 }
      if direction == .up {
        endpoint.lastRelease.outgoing = max(last, due)
      } else {
        endpoint.lastRelease.incoming = max(last, due)
      }
      queue.add(.release(number), at: due)
    }
    return true
  }

  /// By the payload type, which SRTP does not hide.
  private static func isVideo(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 1, bytes[0] >> 6 == 2 else { return false }
    let type = bytes[1] & 0x7F
    return type == OfferedSections.vp8 || type == OfferedSections.rtx
  }

  func note(_ endpoint: Endpoint, _ change: (inout ParticipantPath.Counts) -> Void) {
    guard endpoint.cohort < paths.count else { return }
    change(&paths[endpoint.cohort].counts)
  }

  /// What comes to it from now on is kept.
  func observe(_ endpoint: Endpoint) {
    guard endpoint.cohort < paths.count else { return }
    for stream in endpoint.streams where stream.pointee.recording == nil {
      let recording = StreamRecording(
        receiver: endpoint.cohort, isVideo: stream.pointee.plan.isVideo)
      stream.pointee.recording = recording
      recordings.append(recording)
    }
    for plan in endpoint.plan.outbound { owners[plan.tag] = endpoint.cohort }
  }

  func beginPaths(_ at: MediaInstant) {
    for i in paths.indices {
      paths[i].begin(at: at)
      for step in paths[i].schedule.steps where step.isNewAddress {
        for slot in slots.indices where slots[slot]?.cohort == i {
          queue.add(
            .address(slot: slot, generation: generations[slot]), at: (at + step.at).nanoseconds)
        }
      }
    }
  }

  func makeRecords() -> NetworkRecords {
    NetworkRecords(
      paths: paths.map {
        .init(
          counts: $0.counts, up: $0.up.counts, down: $0.down.counts, upSlices: $0.up.slices,
          downSlices: $0.down.slices)
      },
      streams: recordings.map { recording in
        StreamRecord(
          receiver: recording.receiver,
          sender: recording.sourceTag.flatMap { owners[$0] }, isVideo: recording.isVideo,
          sound: recording.sound, pictures: recording.picture.pictures, resent: recording.resent,
          unasked: recording.unasked, octets: recording.octets)
      })
  }

  // MARK: Adapting

  func startAdapting(_ endpoint: Endpoint, _ slot: Int, now: MediaInstant) {
    guard endpoint.cohort < paths.count, endpoint.transportExtension != nil else { return }
    endpoint.arrivals = ArrivalReporter(sender: endpoint.controlSSRC)
    for plan in endpoint.plan.outbound {
      if case .vp8(let kilobits, _) = plan.content {
        endpoint.rate = SendRate(
          video: Int(kilobits * 1000), sound: endpoint.soundRate)
      }
    }
    queue.add(
      .rate(slot: slot, generation: generations[slot]), at: now.nanoseconds + Self.adapting)
  }

  /// Every 20 ms: the estimate, a probe, feedback about what came.
  func adapt(_ endpoint: Endpoint, _ slot: Int) {
    let now = MonotonicClock.now()
    queue.add(
      .rate(slot: slot, generation: generations[slot]), at: now.nanoseconds + Self.adapting)
    if let reporter = endpoint.arrivals {
      let room = { UnsafeMutableRawBufferPointer(rebasing: self.batch.next[..<1200]) }
      while let length = reporter.write(now: now, into: room()) {
        traffic.feedbackSent += 1
        sendControl(endpoint, slot, length)
      }
    }
    guard let rate = endpoint.rate,
      let source = endpoint.sources.indices.first(where: { endpoint.sources[$0].plan.isVideo })
    else { return }
    let canProbe =
      isSending && endpoint.sources[source].plan.retransmission != nil
      && endpoint.sources[source].newestPacket != nil
    if rate.update(canProbe: canProbe, at: now) {
      sendProbe(endpoint, slot, source)
    }
  }

  /// Fills a probe up to its rate with video that was sent already, as libwebrtc does.
  func sendProbe(_ endpoint: Endpoint, _ slot: Int, _ source: Int) {
    let now = MonotonicClock.now()
    guard isSending, let rate = endpoint.rate else { return }
    while let probe = rate.probe, !batch.isFull {
      guard probe.due <= now else {
        queue.add(
          .probe(slot: slot, generation: generations[slot], source: source),
          at: probe.due.nanoseconds)
        break
      }
      guard let packet = endpoint.sources[source].newestPacket,
        writeRetransmission(
          endpoint, &endpoint.sources[source], packet, kind: .padding, at: now)
      else { break }
    }
    sendBatch(endpoint, slot)
  }

  /// Another local port: what a change of the network looks like to the server.
  func changeAddress(_ endpoint: Endpoint, _ slot: Int) {
    guard endpoint.state == .connected else { return }
    var remote = datagram_address(endpoint.address.ip)
    let descriptor = flow_open(&remote, Int32(settings.socketBuffer))
    guard descriptor >= 0, flow_connect(descriptor, &remote, endpoint.address.port) == 0 else {
      return fail(endpoint, slot, .socket)
    }
    flow_poller_remove(poller, endpoint.descriptor)
    closedDrops += UInt64(flow_dropped(endpoint.descriptor))
    datagram_descriptor_close(endpoint.descriptor)
    endpoint.descriptor = descriptor
    flow_poller_add(poller, descriptor, UInt32(slot), true)
    let now = MonotonicClock.now()
    endpoint.rate?.pathChanged(at: now)
    sendCheck(endpoint, slot, now: now)
  }
}

extension Endpoint {
  /// Of the sound that it sends, with RTP, SRTP, UDP and IP, bits/s.
  fileprivate var soundRate: Int {
    for plan in self.plan.outbound {
      if case .opus(let octets) = plan.content { return (octets + 66) * 8 * 50 }
    }
    return 0
  }
}

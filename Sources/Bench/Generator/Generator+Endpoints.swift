internal import CDatagram
internal import Transport
internal import Wire

/// Endpoints come and go.
extension Generator {
  func add(_ plan: EndpointPlan) {
    guard slotOf[plan.id] == nil, let address = plan.candidates.first else {
      fail(plan.id, .socket)
      return
    }
    var remote = datagram_address(address.ip)
    let descriptor = flow_open(&remote, Int32(settings.socketBuffer))
    guard descriptor >= 0 else {
      fail(plan.id, .socket)
      return
    }
    let now = MonotonicClock.now()
    let endpoint = Endpoint(
      plan, descriptor: descriptor, address: address, now: now, random: &random)
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = free
      slots[slot] = endpoint
    } else {
      slot = slots.count
      slots.append(endpoint)
      generations.append(0)
      places.append(nil)
    }
    places[slot] = UnsafeRawPointer(Unmanaged.passUnretained(endpoint).toOpaque())
    slotOf[plan.id] = slot
    observe(endpoint)
    joining += 1
    guard flow_poller_add(joiningPoller, descriptor, UInt32(slot), false) == 0 else {
      fail(endpoint, slot, .socket)
      return
    }
    check(endpoint, slot)
  }

  func setInbound(_ id: EndpointID, _ inbound: [InboundPlan]) {
    guard let slot = slotOf[id], let endpoint = slots[slot] else { return }
    endpoint.setStreams(inbound, now: MonotonicClock.now()) {
      close($0, cohort: endpoint.plan.cohort)
    }
    observe(endpoint)
  }

  func fail(_ endpoint: Endpoint, _ slot: Int, _ reason: EndpointFailure) {
    let id = endpoint.plan.id
    remove(slot: slot, gracefully: false)
    fail(id, reason)
  }

  private func fail(_ id: EndpointID, _ reason: EndpointFailure) {
    failures[reason, default: 0] += 1
    emit.yield(.failed(id, reason))
  }

  func remove(slot: Int, gracefully: Bool) {
    guard let endpoint = slots[slot] else { return }
    if gracefully, let dtls = endpoint.dtls {
      dtls.close(arena: arena, path: endpoint.path, into: &out)
      flush(endpoint)
    }
    switch endpoint.state {
    case .connected: connected -= 1
    case .checking, .handshaking: joining -= 1
    case .over: break
    }
    noteLastIndices(endpoint)
    endpoint.state = .over
    for stream in endpoint.streams { close(stream, cohort: endpoint.plan.cohort) }
    closedDrops += UInt64(flow_dropped(endpoint.descriptor))
    datagram_descriptor_close(endpoint.descriptor)
    slots[slot] = nil
    places[slot] = nil
    slotOf[endpoint.plan.id] = nil
    generations[slot] += 1
    freeSlots.append(slot)
  }

  /// A track ended while others go on: what its sender sent last may never have been meant for us.
  private func close(_ stream: UnsafeMutablePointer<InboundStream>, cohort: Int) {
    let last = lastNumber(of: stream)
    if stream.pointee.plan.isVideo {
      closed[cohort].video.add(stream.pointee.audit, last: last)
    } else {
      closed[cohort].audio.add(stream.pointee.audit, last: last)
    }
  }

  /// Media may flow.
  func becomeConnected(_ endpoint: Endpoint, _ slot: Int, now: MediaInstant) {
    endpoint.state = .connected
    connected += 1
    joining -= 1
    // From now on its datagrams wait until we look.
    flow_poller_remove(joiningPoller, endpoint.descriptor)
    flow_poller_add(poller, endpoint.descriptor, UInt32(slot), true)
    emit.yield(.reached(endpoint.plan.id, .dtls, at: now))
    // Not from when that arrived, which was a little earlier.
    endpoint.startSources(now: MonotonicClock.now(), random: &random)
    let generation = generations[slot]
    for i in endpoint.sources.indices {
      queue.add(
        .frame(slot: slot, generation: generation, source: i),
        at: endpoint.sources[i].cadence.nanoseconds)
    }
    startAdapting(endpoint, slot, now: now)
    let spread = Int64(random.next() % 1_000_000_000)
    queue.add(
      .reports(slot: slot, generation: generation), at: now.nanoseconds + 100_000_000 + spread)
    if endpoint.transportExtension != nil, endpoint.arrivals == nil {
      queue.add(
        .feedback(slot: slot, generation: generation),
        at: now.nanoseconds + 50_000_000 + spread / 20)
    }
  }
}

extension datagram_address {
  init(_ ip: IPAddress) { self.init(high: ip.high, low: ip.low) }
}

/// The report for people.
extension LoadReport {
  var text: String {
    var parts = [headline, joinTable, delayTable, deliveryLines, generatorLines]
    if server != nil { parts.append(serverLines) }
    parts.append(leftoverLine)
    return parts.joined(separator: "\n\n")
  }

  private var headline: String {
    let people =
      setup.viewers == 0
      ? "\(Shown.count(setup.rooms, "room")) of \(setup.participants)"
      : "\(Shown.count(setup.rooms, "room")) of \(setup.participants) and "
        + Shown.count(setup.viewers, "viewer")
    let video =
      setup.hasVideo
      ? "video \(Shown.number(setup.videoKilobits)) kbit/s at \(Shown.number(setup.framesPerSecond)) fps"
      : "no video"
    return """
      \(people), \(video), audio \(setup.hasAudio ? "on" : "off"), over \(setup.signaling), \
      measured for \(Shown.number(interval)) s
      sent \(Shown.number(traffic.sentPerSecond)) packets/s \
      (\(Shown.number(traffic.sentMegabits)) Mbit/s), forwarded \
      \(Shown.number(traffic.forwardedPerSecond)) packets/s \
      (\(Shown.number(traffic.forwardedMegabits)) Mbit/s)
      """
  }

  private var joinTable: String {
    var table = TextTable(["joining, ms", "p50", "p95", "p99", "max", "of"])
    func add(_ name: String, _ spread: Spread) {
      guard spread.count > 0 else { return }
      table.add(
        name, Shown.number(spread.p50), Shown.number(spread.p95), Shown.number(spread.p99),
        Shown.number(spread.maximum), "\(spread.count)")
    }
    add("signaling", joins.signaling)
    add("ICE", joins.ice)
    add("DTLS", joins.dtls)
    add("until connected", joins.connect)
    add("until first packet", joins.firstPacket)
    add("until first keyframe", joins.firstKeyframe)
    var text = table.text
    text += "\n\(joins.connected) of \(joins.attempted) connections"
    if joins.broken > 0 { text += ", \(joins.broken) BROKE LATER" }
    for (reason, count) in joins.failures.sorted(by: { $0.value > $1.value }).prefix(5) {
      text += "\n  \(count) x \(reason)"
    }
    return text
  }

  private var delayTable: String {
    var table = TextTable(["one-way delay, ms", "p50", "p95", "p99", "p99.9", "max"])
    for (name, spread) in [("audio", audioDelay), ("video", videoDelay), ("both", delay)]
    where spread.count > 0 {
      table.add(
        name, Shown.number(spread.p50), Shown.number(spread.p95), Shown.number(spread.p99),
        Shown.number(spread.p999), Shown.number(spread.maximum))
    }
    return table.text
  }

  private var deliveryLines: String {
    var table = TextTable(
      [
        "packets", "expected", "received", "lost", "reordered", "duplicated", "recovered",
        "resent in vain",
      ])
    for (name, counts) in [("audio", delivery.audio), ("video", delivery.video)]
    where counts.expected > 0 {
      table.add(
        name, "\(counts.expected)", "\(counts.received)", "\(counts.lost)",
        "\(counts.reordered)", "\(counts.duplicates)", "\(counts.recovered)",
        "\(counts.superfluous)")
    }
    var text = table.text
    text +=
      "\nlost \(Shown.percent(Double(delivery.lost), of: Double(delivery.expected)))"
      + ", audio MOS \(Shown.fixed(quality.audioMOS, 2)) (estimated)"
    if delivery.lostWhileJoining > 0 {
      text += "\nlost before that, while people joined: \(delivery.lostWhileJoining) packets"
    }
    if let serverDrops = delivery.serverDrops, serverDrops > 0 {
      text +=
        "\nDROPPED BY THE SERVER'S SOCKETS before it read them: \(serverDrops) datagrams"
    }
    if let serverDrops = delivery.serverDrops, serverDrops > 0,
      traffic.counts.retransmissionsSent > traffic.counts.rtpSent / 20
    {
      text +=
        ", and it asked again for "
        + "\(Shown.number(Double(traffic.counts.retransmissionsSent) / interval)) packets a second"
    }
    if delivery.generatorDrops > 0 {
      text +=
        "\nDROPPED BY THE LOAD GENERATOR'S SOCKETS before it read them: "
        + "\(delivery.generatorDrops) datagrams, which is no loss of the server"
    }
    let counts = traffic.counts
    if counts.unauthenticated + counts.replayed + counts.corrupted + counts.foreign > 0 {
      text +=
        "\nNOT AS SENT: \(counts.unauthenticated) not authentic, \(counts.replayed) replayed, "
        + "\(counts.corrupted) changed, \(counts.foreign) of another track"
    }
    return text
  }

  private var generatorLines: String {
    var text =
      "load generator: media thread \(Shown.fixed(generator.threadUtilisation * 100, 0)) % of a core, "
      + "packets late by p50 \(Shown.number(generator.lateness.p50)) p99 "
      + "\(Shown.number(generator.lateness.p99)) max \(Shown.number(generator.lateness.maximum)) ms"
    if generator.isSaturated {
      text +=
        "\nGENERATOR SATURATED (\(generator.reasons.joined(separator: "; "))): "
        + "do not blame the server for what is above"
    }
    return text
  }

  private var serverLines: String {
    guard let server else { return "" }
    var text = """
      server: \(Shown.number(server.cpuPerPacket)) us CPU per forwarded packet \
      (user \(Shown.number(server.userPerPacket)), system \(Shown.number(server.systemPerPacket))), \
      \(Shown.fixed(server.cores, 2)) cores, \
      \(Shown.number(server.switchesPerPacket)) context switches per packet
      memory \(Shown.octets(Double(server.resident))) (before \
      \(Shown.octets(Double(server.residentBefore)))), \
      \(Shown.octets(server.residentPerParticipant)) a participant, \(server.threads) threads, \
      \(server.descriptors) descriptors (before \(server.descriptorsBefore), \
      after \(server.descriptorsAfter))
      """
    if let disturbance = server.disturbance(cores: machine.cores) { text += "\n" + disturbance }
    return text
  }

  private var leftoverLine: String {
    guard let leftovers, let consultations = leftovers.consultations,
      let participants = leftovers.participants
    else { return "after the end: the server does not tell what it still holds" }
    let peers = leftovers.peers ?? 0
    if consultations + participants + peers == 0 {
      return "after the end: nothing left (\(Shown.fixed(leftovers.seconds, 1)) s)"
    }
    return
      "after the end: LEFT BEHIND \(Int(consultations)) consultations, \(Int(participants)) "
      + "participants, \(Int(peers)) connections after \(Shown.fixed(leftovers.seconds, 1)) s"
  }
}

extension LoadReport.Server {
  /// What others did to the measurement, when it is more than a little.
  func disturbance(cores: Int) -> String? {
    let limit = max(0.1, 0.05 * Double(cores))
    guard otherCores > limit || stolenCores > limit / 2 else { return nil }
    var text =
      "DISTURBED: other programs used \(Shown.fixed(otherCores, 2)) of \(cores) cores meanwhile"
    if stolenCores > 0.01 { text += ", the hypervisor took \(Shown.fixed(stolenCores, 2))" }
    return text
  }
}

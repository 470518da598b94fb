internal import Consultation
internal import MediaEngine
internal import Quality
internal import Wire

/// The Prometheus text of `/metrics`. No label names a consultation, a participant or an address.
struct MetricsPage {
  let counters: SignalingCounters
  /// Each consultation that has participants.
  let occupied: [(state: ConsultationState, presences: Presences)]
  let workers: [(index: Int, statistics: WorkerStatistics)]
  var sockets: [SocketRefusals] = []
  var quality: QualityHistograms?
  var turns: [(worker: Int, figures: TurnLoad.Figures)] = []
  /// Somebody new can come in.
  var isOpen = true
  /// Refused tokens by reason.
  var refusals: [(reason: String, count: UInt64)] = []
  /// `nil`: there is no webhook.
  var webhooks: WebhookState?
  /// `nil`: nothing is decoded.
  var hooks: HookFigures?

  struct SocketRefusals {
    let worker: Int
    let counts: [(reason: String, count: UInt64)]
  }

  var text: String {
    var page = PrometheusText()
    signaling(&page)
    for (at, series) in (workers.first?.statistics.counters.series ?? []).enumerated() {
      page.family(
        "visavis_worker_\(series.name)_total", "counter", series.help,
        workers.map {
          ("worker=\"\($0.index)\"", $0.statistics.counters.series[at].value)
        })
    }
    page.family(
      "visavis_worker_refused_total", "counter", "Datagrams, packets and commands refused.",
      workers.flatMap { worker in
        worker.statistics.counters.refusals.map {
          ("worker=\"\(worker.index)\",reason=\"\($0.reason)\"", $0.count)
        }
      }
        + sockets.flatMap { socket in
          socket.counts.map {
            ("worker=\"\(socket.worker)\",reason=\"socket.\($0.reason)\"", $0.count)
          }
        })
    gauge(&page, "peers", "Peer connections.") { UInt64($0.peers.count) }
    gauge(&page, "peers_connected", "Peer connections with media.") {
      UInt64($0.peers.filter(\.isConnected).count)
    }
    gauge(&page, "publications", "Tracks received.") { UInt64($0.publications.count) }
    gauge(&page, "subscriptions", "Tracks sent.") { UInt64($0.subscriptions.count) }
    gauge(&page, "arena_slots", "Packet slots.") { UInt64(max(0, $0.arenaSlots)) }
    gauge(&page, "arena_free", "Packet slots not in use.") { UInt64(max(0, $0.arenaFree)) }
    turns(&page)
    if let quality { distributions(quality, &page) }
    if let hooks {
      page.family(
        "visavis_hooks", "gauge", "Hooks that decode.", [("", UInt64(max(0, hooks.running)))])
      page.family(
        "visavis_hook_packets_dropped_total", "counter",
        "Packets that hooks which decode did not get, since they were too slow.",
        [("", hooks.dropped)])
    }
    return page.text
  }

  private func turns(_ page: inout PrometheusText) {
    page.histogram(
      "visavis_forward_delay_seconds",
      "Turns of a worker that had packets: what a packet waits at most in it.",
      turns.map {
        (
          "worker=\"\($0.worker)\"", TurnLoad.bounds.map { Double($0) / 1e6 }, $0.figures.turns,
          $0.figures.busy.seconds
        )
      })
  }

  private func distributions(_ quality: QualityHistograms, _ page: inout PrometheusText) {
    func both(
      _ name: String, _ help: String, _ up: QualityHistograms.Histogram,
      _ down: QualityHistograms.Histogram
    ) {
      page.histogram(
        name, help,
        [("uplink", up), ("downlink", down)].map {
          ("direction=\"\($0.0)\"", $0.1.bounds, $0.1.counts, $0.1.sum)
        })
    }
    both(
      "visavis_loss_ratio", "Share of packets lost, each participant and second.",
      quality.uplinkLoss, quality.downlinkLoss)
    both(
      "visavis_jitter_seconds", "Jitter of sound (RFC 3550), each participant and second.",
      quality.uplinkJitter, quality.downlinkJitter)
    let single = [
      (
        "visavis_round_trip_seconds", "Round trips, each participant and second.",
        quality.roundTrip
      ),
      (
        "visavis_sound_score", "Estimated mean opinion score of sound, each direction and second.",
        quality.sound
      ),
      (
        "visavis_picture_score", "Estimated score of the picture, each direction and second.",
        quality.picture
      ),
      (
        "visavis_media_connect_seconds", "From the answer to an offer until media can flow.",
        quality.connect
      ),
    ]
    for (name, help, histogram) in single {
      page.histogram(name, help, [("", histogram.bounds, histogram.counts, histogram.sum)])
    }
    page.family(
      "visavis_incidents_total", "counter", "Incidents of quality by side and cause.",
      FaultSide.allCases.flatMap { side in
        // Also those that have not happened: an alert sees a counter rise, not appear.
        IncidentCause.allCases.map { cause in
          (
            "side=\"\(side.rawValue)\",cause=\"\(cause.rawValue)\"",
            quality.incidents[.init(side: side, cause: cause)] ?? 0
          )
        }
      })
  }

  private func gauge(
    _ page: inout PrometheusText, _ name: String, _ help: String,
    _ value: (WorkerStatistics) -> UInt64
  ) {
    page.family(
      "visavis_worker_\(name)", "gauge", help,
      workers.map { ("worker=\"\($0.index)\"", value($0.statistics)) })
  }

  private func signaling(_ page: inout PrometheusText) {
    page.family(
      "visavis_consultations", "gauge", "Consultations with participants.",
      [("", UInt64(occupied.count))])
    page.family(
      "visavis_participants", "gauge", "Participants of all consultations.",
      [("", UInt64(occupied.reduce(0) { $0 + $1.presences.all }))])
    states(&page)
    page.family(
      "visavis_websockets", "gauge", "WebSocket connections.",
      [("", UInt64(max(0, counters[.webSocketsOpened] - counters[.webSocketsClosed])))])
    page.family(
      "visavis_http_responses_total", "counter", "HTTP responses by class of status.",
      [
        ("class=\"1xx\"", count(.httpInformational)), ("class=\"2xx\"", count(.httpSuccess)),
        ("class=\"3xx\"", count(.httpRedirection)), ("class=\"4xx\"", count(.httpClientError)),
        ("class=\"5xx\"", count(.httpServerError)),
      ])
    page.family(
      "visavis_admission_open", "gauge", "1: somebody new can come in. 0: busy.",
      [("", isOpen ? 1 : 0)])
    page.family(
      "visavis_joins_refused_total", "counter", "Joins refused as busy, by what was used up.",
      [
        ("reason=\"full\"", count(.joinsRefusedLimit)),
        ("reason=\"overloaded\"", count(.joinsRefusedLoad)),
        ("reason=\"rate\"", count(.joinsRefusedRate)),
      ])
    page.family(
      "visavis_tokens_refused_total", "counter", "Access tokens refused, by why.",
      refusals.map { ("reason=\"\($0.reason)\"", $0.count) })
    if let webhooks {
      page.family(
        "visavis_webhooks_pending", "gauge", "Events of the webhook that are not delivered yet.",
        [("", UInt64(max(0, webhooks.pending)))])
      page.family(
        "visavis_webhooks_given_up", "gauge", "Events that the webhook did not take for a day.",
        [("", UInt64(max(0, webhooks.givenUp)))])
    }
    let single: [(SignalingCounters.Counter, String, String)] = [
      (.webSocketsOpened, "websockets_opened", "WebSocket connections opened."),
      (.messagesReceived, "messages_received", "Signaling messages received."),
      (.messagesSent, "messages_sent", "Signaling messages sent."),
      (.messagesRefused, "messages_refused", "Signaling messages answered with an error."),
      (.originsRefused, "origins_refused", "WebSockets refused for their origin."),
      (.rateLimited, "rate_limited", "Requests and messages refused for their rate."),
      (.slowClients, "slow_clients", "WebSockets cut because the client did not read."),
      (.joins, "joins", "Participants that came."),
      (.resumes, "resumes", "Participants that came back on a new connection."),
      (.leaves, "leaves", "Participants that went, for whatever reason."),
      (.connectionsLost, "connections_lost", "WebSockets lost without a leave."),
      (.offersAnswered, "offers_answered", "SDP offers answered."),
      (.offersRefused, "offers_refused", "SDP offers refused."),
      (.mediaFailures, "media_failures", "Media connections that failed."),
      (.recordFailures, "record_failures", "Records that could not be read or written."),
    ]
    for (counter, name, help) in single {
      page.family("visavis_\(name)_total", "counter", help, [("", count(counter))])
    }
  }

  private func states(_ page: inout PrometheusText) {
    page.family(
      "visavis_consultations_by_state", "gauge", "Consultations with participants by state.",
      [ConsultationState.open, .active].map { state in
        ("state=\"\(state.rawValue)\"", UInt64(occupied.count { $0.state == state }))
      })
    func sum(_ path: KeyPath<Presences, Int>) -> UInt64 {
      UInt64(max(0, occupied.reduce(0) { $0 + $1.presences[keyPath: path] }))
    }
    page.family(
      "visavis_participants_by_state", "gauge", "Participants by what they do.",
      [
        ("state=\"connected\"", sum(\.connected)),
        ("state=\"reconnecting\"", sum(\.reconnecting)), ("state=\"waiting\"", sum(\.waiting)),
      ])
  }

  private func count(_ counter: SignalingCounters.Counter) -> UInt64 {
    UInt64(max(0, counters[counter]))
  }
}

/// Text exposition format 0.0.4.
struct PrometheusText {
  private(set) var text = ""

  mutating func family(
    _ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: UInt64)]
  ) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    for sample in samples {
      text += sample.labels.isEmpty ? name : "\(name){\(sample.labels)}"
      text += " \(sample.value)\n"
    }
  }

  /// - Parameter series: labels, upper bounds, how many in each bin (the last has no bound), their sum.
  mutating func histogram(
    _ name: String, _ help: String,
    _ series: [(labels: String, bounds: [Double], counts: [UInt64], sum: Double)]
  ) {
    guard !series.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
    for one in series {
      let prefix = one.labels.isEmpty ? "" : one.labels + ","
      var total: UInt64 = 0
      for (i, count) in one.counts.enumerated() {
        total &+= count
        let bound = i < one.bounds.count ? "\(one.bounds[i])" : "+Inf"
        text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)\n"
      }
      let labels = one.labels.isEmpty ? "" : "{\(one.labels)}"
      text += "\(name)_sum\(labels) \(one.sum)\n\(name)_count\(labels) \(total)\n"
    }
  }
}

extension WorkerCounters {
  /// Names of Prometheus and their values.
  fileprivate var series: [(name: String, help: String, value: UInt64)] {
    [
      ("datagrams_received", "Datagrams received.", datagramsReceived),
      ("octets_received", "Octets of datagrams received.", octetsReceived),
      ("rtp_received", "RTP packets received.", rtpReceived),
      ("rtcp_received", "RTCP packets received.", rtcpReceived),
      ("rtp_sent", "RTP packets sent.", rtpSent),
      ("rtp_octets_sent", "Octets of RTP packets sent.", rtpOctetsSent),
      ("rtcp_sent", "RTCP packets sent.", rtcpSent),
      ("retransmissions_sent", "RTP packets sent again.", retransmissionsSent),
      ("padding_sent", "RTP packets of padding, for probes.", paddingSent),
      ("handshake_datagrams", "DTLS datagrams.", handshakeDatagrams),
      ("nacks_sent", "NACK messages sent.", nacksSent),
      ("nacks_received", "NACK messages received.", nacksReceived),
      ("keyframe_requests_sent", "PLI and FIR sent.", keyframeRequestsSent),
      ("keyframe_requests_received", "PLI and FIR received.", keyframeRequestsReceived),
      ("transport_feedback_sent", "Transport-wide feedback sent.", transportFeedbackSent),
      (
        "transport_feedback_received", "Transport-wide feedback received.",
        transportFeedbackReceived
      ),
      ("remb_sent", "REMB messages sent, which cap an encoder.", rembSent),
      ("remb_received", "REMB messages received.", rembReceived),
      ("stray_packets", "Authentic media from addresses not known yet.", strayPackets),
      ("path_changes", "Peers that were followed to another path.", pathChanges),
    ]
  }
}

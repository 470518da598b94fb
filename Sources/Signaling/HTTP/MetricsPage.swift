internal import MediaEngine

/// The Prometheus text of `/metrics`. No label names a consultation, a participant or an address.
struct MetricsPage {
  let counters: SignalingCounters
  /// Participants of each consultation that has some.
  let occupied: [Int]
  let workers: [(index: Int, statistics: WorkerStatistics)]
  var sockets: [SocketRefusals] = []

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
    return page.text
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
      [("", UInt64(occupied.reduce(0, +)))])
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
    let single: [(SignalingCounters.Counter, String, String)] = [
      (.webSocketsOpened, "websockets_opened", "WebSocket connections opened."),
      (.messagesReceived, "messages_received", "Signaling messages received."),
      (.messagesSent, "messages_sent", "Signaling messages sent."),
      (.messagesRefused, "messages_refused", "Signaling messages answered with an error."),
      (.tokensRefused, "tokens_refused", "Access tokens refused."),
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

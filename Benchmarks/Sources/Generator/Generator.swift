internal import CDatagram
internal import Transport
internal import Wire
internal import Workload

/// Runs a case against a server and prints one line of JSON.
@main
struct Generator {
  struct Options {
    var server = ""
    var load = LoadCase.thirtyRoomsOfTwo
    var seconds = 5
    var warmUp = 2
    var hold = 1000
    var profile = SRTPProfile.aeadAES128GCM
    var serverCPU = 0
    var cpu: UInt32 = 1
  }

  enum Failure: Error {
    case usage(String)
    case noPeer
  }

  static func main() throws {
    var options = try parse(Array(CommandLine.arguments.dropFirst()))
    _ = flow_pin(&options.cpu, 1)
    flow_prefer_thread()
    var random = SeededRandom(seed: 1)
    let now = Clock.now()
    var plan = ServerPlan(profile: options.profile.rawValue, hold: options.hold)
    let endpoints = try makeEndpoints(options, &plan, &random, now)
    let server = try ServerProcess(options.server, arguments: ["--cpu", "\(options.serverCPU)"])
    defer { server.stop() }
    let port = try server.start(plan)
    for endpoint in endpoints where !endpoint.connect(to: port) { throw Failure.noPeer }
    // Commands are taken in the first turns.
    Clock.sleep(.milliseconds(200))
    let load = Load(options.load, endpoints: endpoints, now: Clock.now())
    print(measure(load, server, options))
  }

  private static func makeEndpoints(
    _ options: Options, _ plan: inout ServerPlan, _ random: inout SeededRandom,
    _ now: MediaInstant
  ) throws -> [Endpoint] {
    var endpoints: [Endpoint] = []
    let length = options.profile.keyLength + options.profile.saltLength
    var next: UInt32 = 1000
    for room in options.load.rooms {
      let first = endpoints.count
      for _ in 0..<room.participants {
        let server = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let peer = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        guard
          let keys = SRTPKeyingMaterial(profile: options.profile, local: peer, remote: server),
          let endpoint = Endpoint(keys: keys, now: now, random: &random)
        else { throw Failure.noPeer }
        endpoints.append(endpoint)
        plan.peers.append(.init(port: endpoint.port, serverKey: server, peerKey: peer))
      }
      for publisher in first..<(first + room.publishers) {
        for kind in [MediaKind.video, .audio] {
          next += 2
          let publication = plan.publications.count
          let ssrc = SSRC(next)
          plan.publications.append(.init(peer: publisher, kind: kind, ssrc: ssrc))
          endpoints[publisher].tracks.append(
            Track(
              kind: kind, ssrc: ssrc, tag: UInt32(publication), viewers: room.participants - 1,
              now: now, random: &random))
          for viewer in first..<(first + room.participants) where viewer != publisher {
            next += 2
            plan.subscriptions.append(
              .init(peer: viewer, publication: publication, ssrc: SSRC(next)))
            endpoints[viewer].inbound.append(.init(ssrc: SSRC(next), kind: kind))
          }
        }
      }
    }
    return endpoints
  }

  private static func measure(_ load: Load, _ server: ServerProcess, _ options: Options) -> String {
    load.run(until: Clock.now() + .seconds(Int64(options.warmUp)))
    load.forgetDelays()
    let (before, counted, began, used) = (server.usage(), load.counts, Clock.now(), Clock.used())
    load.run(until: began + .seconds(Int64(options.seconds)))
    let (after, counts, ended) = (server.usage(), load.counts, Clock.now())
    let seconds = (ended - began).seconds
    let generator = Double(Clock.used() - used) / 1e9 / seconds
    let delays = load.delays.sorted()
    load.drain(for: .milliseconds(300))
    let drops = load.endpoints.reduce(0) { $0 + Int($1.drops) }
    let forwarded = Double(counts.received - counted.received)
    let processor = Double(after.processor - before.processor)
    let lost = Int(load.counts.expected) - Int(load.counts.received)
    func percentile(_ part: Double) -> Int32 {
      delays.isEmpty ? 0 : delays[min(delays.count - 1, Int(Double(delays.count) * part))]
    }
    let fields: [(String, String)] = [
      ("server", "\"\(options.server.split(separator: "/").last ?? "")\""),
      ("case", "\"\(options.load.rawValue)\""), ("hold", "\(options.hold)"),
      ("profile", "\"\(options.profile.rawValue)\""),
      ("cpuPerPacket", rounded(processor / 1000 / forwarded)),
      ("forwardedPerSecond", "\(Int(forwarded / seconds))"),
      (
        "megabits",
        "\(Int(Double(counts.receivedOctets - counted.receivedOctets) * 8e-6 / seconds))"
      ),
      ("utilisation", rounded(processor / 1e9 / seconds)),
      ("sleepsPerSecond", "\(Int(Double(after.sleeps - before.sleeps) / seconds))"),
      ("switchesPerPacket", rounded(Double(after.switches - before.switches) / forwarded)),
      ("lost", "\(lost)"), ("sinkDrops", "\(drops)"),
      ("authenticated", "\(load.counts.authenticated)"), ("refused", "\(load.counts.refused)"),
      ("nacks", "\(load.counts.nacks)"), ("rtcp", "\(load.counts.controlReceived)"),
      ("delayP50", "\(percentile(0.5))"), ("delayP99", "\(percentile(0.99))"),
      ("generatorUtilisation", rounded(generator)),
    ]
    return "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }

  private static func rounded(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    return "\((value * 1000).rounded() / 1000)"
  }

  private static func parse(_ words: [String]) throws -> Options {
    var options = Options()
    var rest = words[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { throw Failure.usage("\(name) needs a value") }
      func number() throws -> Int {
        guard let number = Int(value), number >= 0 else {
          throw Failure.usage("\(name) needs a number")
        }
        return number
      }
      switch name {
      case "--server": options.server = value
      case "--case":
        guard let load = LoadCase(rawValue: value) else {
          throw Failure.usage("cases: \(LoadCase.allCases.map(\.rawValue))")
        }
        options.load = load
      case "--profile":
        guard let profile = SRTPProfile(rawValue: value) else {
          throw Failure.usage("no such profile")
        }
        options.profile = profile
      case "--seconds": options.seconds = try number()
      case "--warm-up": options.warmUp = try number()
      case "--hold": options.hold = try number()
      case "--server-cpu": options.serverCPU = try number()
      case "--cpu": options.cpu = UInt32(try number())
      default: throw Failure.usage("no option \(name)")
      }
    }
    return options
  }
}

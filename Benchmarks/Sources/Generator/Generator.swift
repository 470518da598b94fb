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
    var hold = 2000
    var profile = SRTPProfile.aeadAES128GCM
    var serverCPU = 0
    var cpu: UInt32 = 1
    /// Cameras that the server makes smaller meanwhile.
    var transcodes = 0
    /// A library that counts the allocations of the server.
    var preload: String?
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
    var plan = ServerPlan(
      rooms: options.load.rooms, profile: options.profile.rawValue,
      keyLength: options.profile.keyLength + options.profile.saltLength, hold: options.hold,
      random: &random)
    let endpoints = try makeEndpoints(options, &plan, &random, now)
    let server = try ServerProcess(
      options.server,
      arguments: ["--cpu", "\(options.serverCPU)"]
        + (options.transcodes > 0 ? ["--transcodes", "\(options.transcodes)"] : []),
      preload: options.preload)
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
    for i in plan.peers.indices {
      let peer = plan.peers[i]
      guard
        let keys = SRTPKeyingMaterial(
          profile: options.profile, local: peer.peerKey, remote: peer.serverKey),
        let endpoint = Endpoint(keys: keys, now: now, random: &random)
      else { throw Failure.noPeer }
      plan.peers[i].port = endpoint.port
      endpoints.append(endpoint)
    }
    for (i, publication) in plan.publications.enumerated() {
      endpoints[publication.peer].tracks.append(
        Track(
          kind: publication.kind, ssrc: publication.ssrc, tag: UInt32(i),
          viewers: plan.viewers(of: i), now: now, random: &random))
    }
    for subscription in plan.subscriptions {
      endpoints[subscription.peer].inbound.append(
        .init(
          ssrc: subscription.ssrc, kind: plan.publications[subscription.publication].kind))
    }
    return endpoints
  }

  private static func measure(_ load: Load, _ server: ServerProcess, _ options: Options) -> String {
    load.run(until: Clock.now() + .seconds(Int64(options.warmUp)))
    load.forgetDelays()
    if options.preload != nil { server.say("begin\n") }
    let (before, counted, began, used) = (server.usage(), load.counts, Clock.now(), Clock.used())
    load.run(until: began + .seconds(Int64(options.seconds)))
    let (after, counts, ended) = (server.usage(), load.counts, Clock.now())
    var allocations = "null"
    if options.preload != nil {
      server.say("end\n")
      allocations = server.answer()?.split(separator: " ").last.map(String.init) ?? allocations
    }
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
      ("profile", "\"\(options.profile.rawValue)\""), ("transcodes", "\(options.transcodes)"),
      ("cpuPerPacket", rounded(processor / 1000 / forwarded)),
      ("forwardedPerSecond", "\(Int(forwarded / seconds))"),
      (
        "megabits",
        "\(Int(Double(counts.receivedOctets - counted.receivedOctets) * 8e-6 / seconds))"
      ),
      ("utilisation", rounded(processor / 1e9 / seconds)),
      ("waiting", rounded(Double(after.waited - before.waited) / 1e9 / seconds)),
      ("sleepsPerSecond", "\(Int(Double(after.sleeps - before.sleeps) / seconds))"),
      ("switchesPerPacket", rounded(Double(after.switches - before.switches) / forwarded)),
      ("lost", "\(lost)"), ("sinkDrops", "\(drops)"),
      ("repeated", "\(counts.repeated - counted.repeated)"),
      ("authenticated", "\(load.counts.authenticated)"), ("refused", "\(load.counts.refused)"),
      ("nacks", "\(load.counts.nacks)"), ("rtcp", "\(load.counts.controlReceived)"),
      ("delayP50", "\(percentile(0.5))"), ("delayP99", "\(percentile(0.99))"),
      ("allocations", allocations), ("generatorUtilisation", rounded(generator)),
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
      case "--preload": options.preload = value
      case "--transcodes": options.transcodes = try number()
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

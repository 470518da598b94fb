// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A target of ours: `Sources/<name>`, strict settings.
func house(
  _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil,
  settings: [SwiftSetting] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(name)", resources: resources,
    swiftSettings: strict + settings)
}

/// A target on the way of every packet: what debug builds and tests have shown to be exclusive is not
/// checked again for each access in a release.
func packetPath(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  house(
    name, dependencies,
    settings: [
      .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
    ])
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil)
  -> Target
{
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
    path: "Tests/\(name)Tests", resources: resources, swiftSettings: strict)
}

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1: Target.Dependency = .product(
  name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let jwtKit: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let httpClient: Target.Dependency = .product(
  name: "AsyncHTTPClient", package: "async-http-client")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let configuration: Target.Dependency = .product(
  name: "Configuration", package: "swift-configuration")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "visavis",
  products: [
    .executable(name: "visavis", targets: ["Visavis"]),
    .executable(name: "visavis-bench", targets: ["Bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    // Floor 0: C.
    .systemLibrary(
      name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl",
      providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CSRTP", path: "Sources/CSRTP", pkgConfig: "libsrtp2",
      providers: [.apt(["libsrtp2-dev"])]),
    .target(
      name: "CDatagram", path: "Sources/CDatagram", cSettings: [.define("_GNU_SOURCE")]),
    .systemLibrary(name: "CPrefetch", path: "Sources/CPrefetch"),
    .systemLibrary(
      name: "COpus", path: "Sources/COpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
    .systemLibrary(
      name: "CVPX", path: "Sources/CVPX", pkgConfig: "vpx", providers: [.apt(["libvpx-dev"])]),
    .systemLibrary(
      name: "CPNG", path: "Sources/CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),

    // Floor 1: values.
    house("Wire"),
    house("Consultation"),

    // Floor 2: pure machines.
    packetPath("Transport", ["Wire", "COpenSSL", "CSRTP", "CPrefetch"]),
    packetPath("Forwarding", ["Wire", "CPrefetch"]),
    packetPath("Congestion", ["Wire", "CPrefetch"]),
    house("Quality", ["Wire"]),

    // Floor 3: one state machine per media thread; what decodes, off the packets' way.
    packetPath("MediaEngine", ["Wire", "Transport", "Forwarding", "Congestion", "CPrefetch"]),
    house("Transcoding", ["Wire", "COpus", "CVPX", "CPNG"]),

    // Floor 4: the world.
    packetPath("MediaIO", ["Wire", "Transport", "MediaEngine", "CDatagram"]),
    house(
      "Signaling",
      [
        "Wire", "Consultation", "Quality", "Transport", "Forwarding", "Congestion", "MediaEngine",
        "WebClient", hummingbird,
        hummingbirdCore,
        hummingbirdTLS, nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, httpTypes, nioHTTPTypes,
        nioHTTPTypesHTTP1, jwtKit, crypto, logging, lifecycle,
      ]),
    house("Records", ["Consultation", grdb, crypto, httpClient, nioCore, nioHTTP1, logging]),
    house("MediaHooks", ["Wire", "Transport", "MediaEngine", "Transcoding"]),
    house("HookExample", ["Transcoding"]),
    house("WebClient", [], resources: [.copy("Resources")]),
    house("Simulation", ["Wire", "Transport", "Forwarding", "Congestion", "MediaEngine"]),

    // Floor 5: programs.
    .executableTarget(
      name: "Visavis",
      dependencies: [
        "Wire", "Consultation", "Quality", "Congestion", "Transport", "MediaEngine", "MediaIO",
        "MediaHooks", "Transcoding", "Signaling", "Records",
        logging, lifecycle, unixSignals, configuration, yams, argumentParser, jwtKit,
      ],
      path: "Sources/Visavis", swiftSettings: strict),
    .executableTarget(
      name: "Bench",
      dependencies: [
        "Wire", "Transport", "Congestion", "Simulation", "CDatagram", nioCore, nioPosix, nioHTTP1,
        nioWebSocket, nioSSL, argumentParser,
      ],
      path: "Sources/Bench", swiftSettings: strict),

    tests("Wire", [], resources: [.copy("Fixtures")]),
    tests("Consultation", []),
    tests("Transport", ["Wire", "COpenSSL"]),
    tests("Forwarding", ["Wire"]),
    tests("Congestion", ["Wire"]),
    tests("Quality", ["Wire"]),
    tests("MediaEngine", ["Wire", "Transport", "Forwarding", "Congestion"]),
    tests("Transcoding", ["Wire", "COpus", "CPNG"]),
    tests(
      "MediaHooks",
      ["Wire", "Transport", "MediaEngine", "Transcoding", "Quality", "HookExample", "CPNG"]),
    tests("HookExample", ["Transcoding"]),
    tests("MediaIO", ["Wire", "Transport", "MediaEngine", "CDatagram"]),
    tests(
      "Signaling",
      [
        "Wire", "Consultation", "Quality", "Transport", "Forwarding", "Congestion", "MediaEngine",
        "Simulation", hummingbirdCore, nioCore, nioPosix,
        nioHTTP1, nioWebSocket, nioSSL, httpTypes, jwtKit, logging, lifecycle,
      ],
      resources: [.copy("Fixtures")]),
    tests("Records", ["Consultation", grdb]),
    tests("Simulation", ["Wire", "Transport", "Forwarding", "Congestion", "MediaEngine"]),
    tests("WebClient", []),
    tests("Visavis", ["Wire", "Consultation", "Signaling"]),
    tests("Bench", ["Wire", "Transport", "Simulation", argumentParser]),
  ],
  swiftLanguageModes: [.v6]
)

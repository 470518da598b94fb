// swift-tools-version: 6.2
import PackageDescription

// What is measured are the sources of the package above, found through the symbolic link `Subject`.
// A dependency on that package would resolve all of its dependencies too; nothing here needs them.

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// With the settings of a release of the package above (its `packetPath`).
func subject(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Subject/\(name)",
    swiftSettings: strict + [
      .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
    ])
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "benchmarks",
  products: [
    .library(name: "AllocationCounter", type: .dynamic, targets: ["AllocationCounter"])
  ],
  targets: [
    .systemLibrary(
      name: "COpenSSL", path: "Subject/COpenSSL", pkgConfig: "openssl",
      providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CSRTP", path: "Subject/CSRTP", pkgConfig: "libsrtp2",
      providers: [.apt(["libsrtp2-dev"])]),
    .target(
      name: "CDatagram", path: "Subject/CDatagram", cSettings: [.define("_GNU_SOURCE")]),
    .systemLibrary(name: "CPrefetch", path: "Subject/CPrefetch"),
    .systemLibrary(
      name: "COpus", path: "Subject/COpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
    .systemLibrary(
      name: "CVPX", path: "Subject/CVPX", pkgConfig: "vpx", providers: [.apt(["libvpx-dev"])]),
    .systemLibrary(
      name: "CPNG", path: "Subject/CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    subject("Wire"),
    subject("Transcoding", ["Wire", "COpus", "CVPX", "CPNG"]),
    subject("Transport", ["Wire", "COpenSSL", "CSRTP", "CPrefetch"]),
    subject("Forwarding", ["Wire", "CPrefetch"]),
    subject("Congestion", ["Wire", "CPrefetch"]),
    subject("MediaEngine", ["Wire", "Transport", "Forwarding", "Congestion", "CPrefetch"]),
    subject("MediaHooks", ["Wire", "Transport", "MediaEngine", "Transcoding"]),
    subject("MediaIO", ["Wire", "Transport", "MediaEngine", "CDatagram"]),

    // What relay and floor are given to do, and the load of both.
    .target(
      name: "Workload", dependencies: ["Wire", "Transport", "MediaEngine"], swiftSettings: strict),
    program(
      "Relay",
      [
        "Workload", "Probe", "Wire", "Transport", "MediaEngine", "MediaIO", "MediaHooks",
        "Transcoding", "CDatagram",
      ]),
    .executableTarget(
      name: "Floor", dependencies: ["COpenSSL"], cSettings: [.define("_GNU_SOURCE")]),
    // Counts allocations; to be preloaded.
    .target(name: "AllocationCounter"),
    .target(name: "Probe"),
    program("Allocations", ["Workload", "Probe", "Wire", "Transport", "MediaEngine"]),
    program(
      "Micro",
      [
        "Workload", "Probe", "Wire", "Transport", "Forwarding", "Congestion", "MediaEngine",
      ]),
    // What hooks cost: the table of Docs/Hooks.md.
    program("Codecs", ["Transcoding"]),
    program("Generator", ["Workload", "Wire", "Transport", "CDatagram"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)

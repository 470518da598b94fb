internal import ArgumentParser

/// Two reports side by side.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compares reports of load: ratios of medians, with ranges.",
    discussion: """
      Each file is what --json wrote, with --repeat a list of runs. The first is A, the others B, C, \
      ...; ratios are to A. A star says that the ranges do not overlap.
      """)

  @Argument(help: ArgumentHelp("Reports.", valueName: "file"))
  var files: [String]

  func validate() throws {
    guard (2...8).contains(files.count) else {
      throw ValidationError("compare takes two files, up to eight")
    }
  }

  func run() throws {
    let reports = try files.map { try Comparison.read($0) }
    let names = files.indices.map { String(UnicodeScalar(UInt8(65 + $0))) }
    let comparison = Comparison(reports: reports, names: names)
    for (name, file) in zip(names, files) { print("\(name) = \(file)") }
    print(comparison.heading + "\n\n" + comparison.text)
  }
}

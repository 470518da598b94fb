internal import ArgumentParser
internal import Consultation
internal import Foundation
internal import Records

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Prove what happened, from the log in which a change shows.",
    subcommands: [Verify.self, Receipt.self, Check.self, Key.self])

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract: "Compare every entry with what was signed; name the first that is wrong.",
      discussion: "May run beside the server. Exit code 1 when anything is wrong.")

    @OptionGroup var place: LogPlace
    @OptionGroup var trust: TrustedKey

    @Option(
      help: ArgumentHelp(
        "Checkpoints that a witness has kept, one a line, to compare with.", valueName: "file"))
    var witness: String?

    func run() throws {
      let folder = try place.folder()
      let found = try AuditExamination(folder, publicKey: try trust.given())
      StandardStreams.say(
        """
        \(found.entries) entries, \(found.checkpoints.count) checkpoints: nothing was changed
        log         \(try folder.origin())
        key         \(found.publicKey.base64)
        root        \(found.root.base64)
        signed      \(found.covered) of \(found.entries) entries
        """)
      if let witness {
        guard let data = FileManager.default.contents(atPath: witness) else {
          throw CommandFailure("\(witness) cannot be read")
        }
        let seen = try WitnessedCheckpoints(
          Array(data), origin: folder.origin(), publicKey: found.publicKey)
        guard let last = seen.checkpoints.last else {
          throw CommandFailure("\(witness) holds no checkpoint")
        }
        try found.compare(with: seen)
        StandardStreams.say(
          "the witness agrees: \(seen.checkpoints.count) checkpoints, the last of \(last.size) entries"
        )
      }
      if trust.key == nil {
        StandardStreams.complain(
          "note: checked with the key that lies beside the log; give --key to check with one that you "
            + "kept elsewhere")
      }
    }
  }

  struct Receipt: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "receipt",
      abstract: "Print a consultation's entries with the proof that they are in the log.")

    @OptionGroup var place: LogPlace

    @Argument(help: "The consultation's id.", transform: ConsultationID.init(argument:))
    var id: ConsultationID

    func run() throws {
      let receipt = try AuditReceipt(id, in: try place.folder())
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      StandardStreams.say(String(decoding: try encoder.encode(receipt), as: UTF8.self))
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Verify a receipt. Needs no server and no log.")

    @Argument(help: ArgumentHelp("The receipt.", valueName: "file"))
    var file: String

    @Option(help: "The log's public key (`visavis audit key` prints it), from a source you trust.")
    var key: String

    func run() throws {
      guard let data = FileManager.default.contents(atPath: file) else {
        throw CommandFailure("\(file) cannot be read")
      }
      guard let receipt = try? JSONDecoder().decode(AuditReceipt.self, from: data) else {
        throw CommandFailure("\(file) is no receipt: `visavis audit receipt` makes one")
      }
      try receipt.verify(by: try AuditPublicKey(base64: key))
      StandardStreams.say(
        "\(receipt.entries.count) entries of consultation \(receipt.session): all of them are in the "
          + "log that was signed")
    }
  }

  struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "key", abstract: "Print the log's public key.")

    @OptionGroup var place: LogPlace

    func run() throws {
      StandardStreams.say(try place.folder().publicKey().base64)
    }
  }
}

struct LogPlace: ParsableArguments {
  @OptionGroup var configuration: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "The log's folder (default: the one of the configuration).", valueName: "folder"))
  var log: String?

  func folder() throws -> AuditFolder {
    let path: String
    if let log {
      path = log
    } else {
      let settings = try configuration.load().settings
      path = try StateFolder(settings.state, environment: ProcessInfo.processInfo.environment).audit
    }
    guard FileManager.default.fileExists(atPath: path + "/entries.jsonl") else {
      throw CommandFailure("\(path) holds no audit log")
    }
    return AuditFolder(path: path)
  }
}

struct TrustedKey: ParsableArguments {
  @Option(help: "The public key to trust (default: the one that lies beside the log).")
  var key: String?

  func given() throws -> AuditPublicKey? { try key.map { try AuditPublicKey(base64: $0) } }
}

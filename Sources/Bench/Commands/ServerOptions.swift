internal import ArgumentParser
internal import Foundation
internal import Wire

/// Which server is loaded, and how one gets into it.
struct ServerOptions: ParsableArguments {
  enum Signaling: String, ExpressibleByArgument, CaseIterable {
    case websocket, whip
  }

  @Option(help: "Where the server is.")
  var server = "http://127.0.0.1:8080"

  @Option(
    help:
      "How participants join: one connection over the server's WebSocket protocol, or WHIP and WHEP."
  )
  var signaling = Signaling.websocket

  @Option(
    help: ArgumentHelp(
      "Where to publish with WHIP; {room} and {participant} are put in.",
      valueName: "template"))
  var whip: String?

  @Option(
    help: ArgumentHelp(
      "Where to play with WHEP; {room}, {publisher} and {participant} (who plays) are put in.",
      valueName: "template"))
  var whep: String?

  @Option(help: "The token that everyone joins with.")
  var token: String?

  @Option(
    help: ArgumentHelp(
      "A command that prints the token, as \"visavis token --role loadtest\".",
      valueName: "command"))
  var tokenCommand: String?

  @Flag(help: "Take any TLS certificate.")
  var insecure = false

  @Option(
    help:
      "The process id of the server, on this machine: reports its CPU time, memory and descriptors."
  )
  var serverPID: Int32?

  func validate() throws {
    guard ServerURL(server) != nil else {
      throw ValidationError(
        "--server \(server): a server is http://host:port or https://host:port")
    }
    if let serverPID, ProcessSample(pid: serverPID) == nil {
      throw ValidationError("--server-pid \(serverPID): there is no such process to look at")
    }
  }

  /// `--server`; `validate` has seen it.
  func url() throws -> ServerURL {
    guard let url = ServerURL(server) else { throw ServerComplaint("no server at \(server)") }
    return url
  }

  var usesWHIP: Bool { signaling == .whip || whip != nil || whep != nil }

  /// The address of the server when it was given as one.
  func address() throws -> IPAddress? {
    let host = try url().host
    return IPAddress(text: host == "localhost" ? "127.0.0.1" : host)
  }

  func readToken() throws -> String {
    if let token { return token }
    guard let tokenCommand else { return "" }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", tokenCommand]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    guard process.terminationStatus == 0, !text.isEmpty else {
      throw ServerComplaint(
        "--token-command ended with \(process.terminationStatus) and printed "
          + (text.isEmpty ? "nothing" : "\"\(text.prefix(80))\""))
    }
    return text
  }
}

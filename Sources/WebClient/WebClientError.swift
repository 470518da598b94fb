/// Why the pages cannot be served; the server says it once, at start.
public enum WebClientError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No resource folder was found; `searched` lists the folders in the order in which they were tried.
  case resourcesMissing(searched: [String])
  /// A file of the resource folder could not be read.
  case unreadable(file: String, reason: String)

  public var description: String {
    switch self {
    case .resourcesMissing(let searched):
      "the web client's files were not found; searched \(searched.joined(separator: ", ")); "
        + "keep the folder '…_WebClient.resources' of the build beside the program"
    case .unreadable(let file, let reason):
      "the web client's file '\(file)' cannot be read: \(reason)"
    }
  }
}

private import Foundation

/// The browser client: pages, style sheets and ES modules, read once at start and immutable after.
///
/// A request path is only ever looked up in a fixed index of the files that were there at start: it
/// never becomes part of a file path, so no request can leave the folder.
///
/// | request path | file |
/// |---|---|
/// | `/`, `/join`, `/ops`, `/indicators` | `index.html`, `join.html`, `ops.html`, `indicators.html` |
/// | `/favicon.ico` | `favicon.svg` |
/// | `/client/<file>` | every file, by its path in the resource folder |
public struct WebClient: Sendable {
  private let index: [String: Asset]

  /// `Content-Security-Policy` for every page: everything from this origin, nothing inline, no frame
  /// around us. `connect-src 'self'` covers the WebSocket of the same origin (CSP 3 §6.7.2.8).
  public static let contentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// `Permissions-Policy` for every page: what a consultation needs, for this origin alone.
  public static let permissionsPolicy =
    "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), "
    + "screen-wake-lock=(self), geolocation=(), payment=(), usb=()"

  /// The client that belongs to this program, or why it could not be loaded. Read at first use: call
  /// it at start, so that a missing folder is told then and not to the first patient.
  public static let bundled: Result<WebClient, WebClientError> = {
    do throws(WebClientError) {
      return .success(try WebClient(folder: try resourceFolder()))
    } catch {
      return .failure(error)
    }
  }()

  /// The file for a request path such as `/join` or `/client/visavis.js` (no query, no fragment);
  /// `nil` when there is none.
  public static func asset(path: String) -> Asset? {
    guard case .success(let client) = bundled else { return nil }
    return client.asset(path: path)
  }

  /// Reads every regular file under `folder` (hidden files and symbolic links are left out).
  public init(folder: String) throws(WebClientError) {
    var index: [String: Asset] = [:]
    for name in try Self.files(in: folder) {
      let file = folder + "/" + name
      let data: Data
      do {
        data = try Data(contentsOf: URL(fileURLWithPath: file))
      } catch {
        throw .unreadable(file: name, reason: "\(error)")
      }
      index["/client/" + name] = Asset(name: name, bytes: Array(data))
    }
    let pages = [
      "/": "index.html", "/join": "join.html", "/ops": "ops.html",
      "/indicators": "indicators.html", "/favicon.ico": "favicon.svg",
    ]
    for (path, name) in pages {
      index[path] = index["/client/" + name]
    }
    self.index = index
  }

  /// The file for a request path; see the table above.
  public func asset(path: String) -> Asset? { index[path] }

  /// Every request path that is answered, sorted.
  public var paths: [String] { index.keys.sorted() }

  private static func files(in folder: String) throws(WebClientError) -> [String] {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
      let enumerator = manager.enumerator(atPath: folder)
    else {
      throw .unreadable(file: folder, reason: "not a folder")
    }
    var names: [String] = []
    while let name = enumerator.nextObject() as? String {
      guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
      let attributes = try? manager.attributesOfItem(atPath: folder + "/" + name)
      if attributes?[.type] as? FileAttributeType == .typeRegular { names.append(name) }
    }
    return names.sorted()
  }

  /// The resource folder: beside the program (where the build puts it and where an installation
  /// keeps it), else the folder of the sources that this program was built from. `Bundle.module`
  /// looks in the same two places but traps when there is none.
  private static func resourceFolder() throws(WebClientError) -> String {
    let manager = FileManager.default
    var searched: [String] = []
    let program =
      (try? manager.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments.first ?? "."
    let beside = URL(fileURLWithPath: program).deletingLastPathComponent().path
    let bundles = (try? manager.contentsOfDirectory(atPath: beside)) ?? []
    searched.append(beside + "/…_WebClient.resources")
    let candidates =
      bundles.filter { $0.hasSuffix("_WebClient.resources") }.sorted()
      .map { beside + "/" + $0 + "/Resources" }
      + [URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Resources"]
    for candidate in candidates {
      if manager.fileExists(atPath: candidate + "/join.html") { return candidate }
      searched.append(candidate)
    }
    throw .resourcesMissing(searched: searched)
  }
}
